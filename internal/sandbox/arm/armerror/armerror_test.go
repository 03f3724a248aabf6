package armerror_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"example.com/landfall/internal/sandbox/arm/armerror"
)

func TestFormOnTheWire(t *testing.T) {
	t.Parallel()
	e := armerror.BadRequest("InvalidTemplateDeployment", "The deployment %q is not valid.", "d").
		With(armerror.NotFound("ResourceNotFound", "No.").At("properties.x"))
	got, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"code":"InvalidTemplateDeployment","message":"The deployment \"d\" is not valid.","details":[{"code":"ResourceNotFound","message":"No.","target":"properties.x"}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestWithAndAtDoNotChangeTheOriginal(t *testing.T) {
	t.Parallel()
	base := armerror.Conflict("C", "m")
	_ = base.With(armerror.BadRequest("D", "d"))
	_ = base.At("t")
	if len(base.Details) != 0 || base.Target != "" {
		t.Error("the original changed")
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	if armerror.Of(nil) != nil {
		t.Error("nil is no error")
	}
	inner := armerror.NotSupported("export")
	if got := armerror.Of(fmt.Errorf("x: %w", inner)); got != inner || got.Status != http.StatusNotImplemented {
		t.Errorf("got %v", got)
	}
	if got := armerror.Of(errors.New("x")); got.Status != http.StatusInternalServerError {
		t.Errorf("got %v", got)
	}
}
