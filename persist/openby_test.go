//go:build linux

package persist

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// Who has a file open is named, but not for the descriptor that is asked about.
func TestOpenBy(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := openBy(f); got != "" {
		t.Errorf("open by %q", got)
	}
	cmd := exec.Command("sleep", "60")
	cmd.Stdin = f
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	defer cmd.Process.Kill()
	if got, want := openBy(f), fmt.Sprintf("%d (sleep)", cmd.Process.Pid); got != want {
		t.Errorf("open by %q, want %q", got, want)
	}
}
