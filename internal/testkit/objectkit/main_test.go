package objectkit_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"testing"

	"example.com/landfall/internal/testkit"
	"example.com/landfall/internal/testkit/objectkit"
)

// serveVariable makes a child of the test binary serve what benchmarks talk to,
// so that their processor time is that of the client alone.
const serveVariable = "LANDFALL_OBJECTKIT_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveVariable) == "" {
		testkit.Main(m)
		return
	}
	listing := &objectkit.Listing{N: 200_000, Shape: objectkit.Deep}
	small := make([]byte, 4<<10)
	plain := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(small) })
	for _, h := range []http.Handler{objectkit.NewSink(), listing, listing.Blobs(mark), plain} {
		url, _, err := objectkit.Listen(h)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(url)
	}
	io.Copy(io.Discard, os.Stdin) // until the parent goes
}

func mark(i int) map[string]string {
	return map[string]string{"landfall": fmt.Sprintf("1:%032x:-:%d:0011223344556677:b", i+1, i%8192+1)}
}
