-- Orders: accepted once, fulfilled once, and both provable afterwards.

CREATE TYPE shop.order_status AS ENUM ('accepted', 'fulfilled', 'dead');

CREATE TABLE shop.customer (
    customer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handle      text NOT NULL UNIQUE,
    preferences jsonb NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX customer_handle_folded ON shop.customer (lower(handle));
-- A customer's own tools see the customer's own row. The owner of the table
-- is not bound by it, so the shop itself needs no setting.
ALTER TABLE shop.customer ENABLE ROW LEVEL SECURITY;
CREATE POLICY customer_self ON shop.customer FOR SELECT
    USING (handle = current_setting('shop.customer', true));

-- A sequence of its own: the number is printed on invoices, and the order of
-- the numbers is the order in which orders were accepted.
CREATE SEQUENCE shop.order_number START 1000;
COMMENT ON SEQUENCE shop.order_number IS 'Invoice numbers; never handed out twice, gaps are allowed';

CREATE TABLE shop.orders (
    order_no        bigint PRIMARY KEY DEFAULT nextval('shop.order_number'),
    client_order_id text NOT NULL CONSTRAINT orders_client_order_id UNIQUE,
    customer_id     bigint NOT NULL REFERENCES shop.customer,
    customer_seq    bigint NOT NULL CHECK (customer_seq > 0),
    content_sha256  bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    status          shop.order_status NOT NULL DEFAULT 'accepted',
    total_cents     bigint NOT NULL CHECK (total_cents > 0),
    placed_at       timestamptz NOT NULL DEFAULT now(),
    fulfilled_at    timestamptz,
    updated_at      timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_customer_seq UNIQUE (customer_id, customer_seq),
    CONSTRAINT orders_fulfilled CHECK ((status = 'fulfilled') = (fulfilled_at IS NOT NULL))
);
COMMENT ON COLUMN shop.orders.client_order_id IS 'Chosen by the client, so that sending an order again cannot double it';
CREATE INDEX orders_open ON shop.orders (placed_at) WHERE status = 'accepted';
CREATE TRIGGER orders_touch BEFORE UPDATE ON shop.orders FOR EACH ROW EXECUTE FUNCTION shop.touch();

CREATE TABLE shop.order_line (
    order_no         bigint NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    line_no          smallint NOT NULL CHECK (line_no > 0),
    book_id          bigint NOT NULL REFERENCES shop.book,
    quantity         integer NOT NULL CHECK (quantity > 0),
    unit_price_cents integer NOT NULL CHECK (unit_price_cents > 0),
    line_cents       bigint NOT NULL GENERATED ALWAYS AS (quantity::bigint * unit_price_cents) STORED,
    PRIMARY KEY (order_no, line_no)
);
CREATE INDEX order_line_book ON shop.order_line (book_id);

-- Months as partitions, so that old events can be detached and archived.
CREATE TABLE shop.order_event (
    order_no    bigint NOT NULL REFERENCES shop.orders ON DELETE CASCADE,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    kind        text NOT NULL CHECK (kind IN ('accepted', 'fulfilled', 'dead')),
    detail      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (order_no, kind, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE TABLE shop.order_event_other PARTITION OF shop.order_event DEFAULT;

CREATE FUNCTION shop.ensure_event_months(first_day date, last_day date) RETURNS integer LANGUAGE plpgsql
SET search_path = shop, public AS $$
DECLARE
    month   date := date_trunc('month', first_day);
    created integer := 0;
    name    text;
BEGIN
    WHILE month <= last_day LOOP
        name := 'order_event_' || to_char(month, 'YYYY_MM');
        IF to_regclass('shop.' || name) IS NULL THEN
            -- Bounds in UTC: a bound in the session's time zone would differ
            -- between two clouds whose servers are set differently.
            EXECUTE format('CREATE TABLE shop.%I PARTITION OF shop.order_event FOR VALUES FROM (%L) TO (%L)',
                name, to_char(month, 'YYYY-MM-DD') || ' 00:00:00+00',
                to_char(month + interval '1 month', 'YYYY-MM-DD') || ' 00:00:00+00');
            created := created + 1;
        END IF;
        month := month + interval '1 month';
    END LOOP;
    RETURN created;
END $$;

-- Written in the transaction that accepts the order, emptied when it is
-- fulfilled: what stands here is what the queue still owes.
CREATE TABLE shop.outbox (
    outbox_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_no   bigint NOT NULL UNIQUE REFERENCES shop.orders ON DELETE CASCADE,
    message    jsonb NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at    timestamptz
);
CREATE INDEX outbox_unsent ON shop.outbox (outbox_id) WHERE sent_at IS NULL;

-- Double entry: the two rows of an order sum to zero.
CREATE TABLE shop.ledger_entry (
    entry_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_no   bigint NOT NULL REFERENCES shop.orders,
    account    text NOT NULL CHECK (account IN ('receivable', 'revenue')),
    amount     numeric(14, 2) NOT NULL CHECK (amount <> 0),
    entered_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ledger_entry_once UNIQUE (order_no, account)
);
