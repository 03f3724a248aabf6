-- Stock: movements are the truth, the count on hand follows them.

CREATE TABLE shop.stock (
    book_id    bigint PRIMARY KEY REFERENCES shop.book ON DELETE CASCADE,
    on_hand    integer NOT NULL DEFAULT 0 CONSTRAINT stock_not_negative CHECK (on_hand >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70);
CREATE TRIGGER stock_touch BEFORE UPDATE ON shop.stock FOR EACH ROW EXECUTE FUNCTION shop.touch();

CREATE TABLE shop.stock_movement (
    movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book_id     bigint NOT NULL REFERENCES shop.book,
    order_no    bigint REFERENCES shop.orders,
    quantity    integer NOT NULL CHECK (quantity <> 0),
    moved_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT stock_movement_sale CHECK (order_no IS NULL OR quantity < 0)
);
CREATE INDEX stock_movement_order ON shop.stock_movement (order_no) WHERE order_no IS NOT NULL;

CREATE FUNCTION shop.move_stock() RETURNS trigger LANGUAGE plpgsql
SET search_path = shop, public AS $$
BEGIN
    UPDATE shop.stock SET on_hand = on_hand + NEW.quantity WHERE book_id = NEW.book_id;
    IF NOT FOUND THEN
        INSERT INTO shop.stock (book_id, on_hand) VALUES (NEW.book_id, NEW.quantity);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION shop.move_stock() IS 'Keeps stock.on_hand at the sum of the movements';
-- Not ENABLE ALWAYS: a logical replica gets the changed stock row as well,
-- and would count each movement twice.
CREATE TRIGGER stock_movement_count AFTER INSERT ON shop.stock_movement
    FOR EACH ROW EXECUTE FUNCTION shop.move_stock();

CREATE MATERIALIZED VIEW shop.best_seller AS
SELECT l.book_id, sum(l.quantity) AS copies, sum(l.line_cents) AS turnover_cents
FROM shop.order_line l JOIN shop.orders o USING (order_no)
WHERE o.status <> 'dead'
GROUP BY l.book_id ORDER BY copies DESC, l.book_id LIMIT 100;
-- REFRESH ... CONCURRENTLY needs a unique index.
CREATE UNIQUE INDEX best_seller_book ON shop.best_seller (book_id);
COMMENT ON MATERIALIZED VIEW shop.best_seller IS 'Refreshed by the worker';

-- No primary key, as audit trails often have none: rows are only ever added.
CREATE TABLE shop.page_view (
    viewed_at timestamptz NOT NULL,
    instance  text NOT NULL,
    path      text NOT NULL,
    book_id   bigint,
    client    inet
);
CREATE INDEX page_view_time ON shop.page_view USING brin (viewed_at);

-- The invoice form is a large object: the print shop uploads it with lo_import.
CREATE TABLE shop.invoice_template (
    name       text PRIMARY KEY,
    body       oid NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO shop.invoice_template (name, body) VALUES ('standard', lo_from_bytea(0, convert_to(
$text$BOOKSHOP                                            INVOICE
Invoice no. {number}                        {date}
Order       {id}
Customer    {customer}
------------------------------------------------------------
{lines}
------------------------------------------------------------
Total                                       {total}
Status                                      {status}

Thank you for reading.
$text$, 'UTF8')));

-- Which stocking filled this database: see `bookshop stock`.
CREATE TABLE shop.setting (
    name  text PRIMARY KEY,
    value jsonb NOT NULL
);
