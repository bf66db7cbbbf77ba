//go:build !linux

package netns_test

import (
	"errors"
	"iter"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/stages"
)

// Everything returns an UnsupportedError here. On Linux, node can run this:
// GOOS=js GOARCH=wasm go test -exec "$(go env GOROOT)/lib/wasm/go_js_wasm_exec" .
func TestUnsupported(t *testing.T) {
	ctx, ns, store, claim := t.Context(), new(netns.Namespace), persist.FromFile(nil), new(persist.Claim)
	of := func(_ any, err error) error { return err }
	dir := new(netns.Dir)
	_, _, nsid := ns.NSID()
	for i, err := range []error{
		netns.Check([]string{"x"}, netns.Options{}), netns.Create(ctx, []string{"x"}, netns.Options{}),
		of(netns.New(ctx, "x", netns.Options{})), of(netns.NewAt(ctx, "/x/y", netns.Options{})),
		of(netns.NewFactory(ctx, netns.Options{}, 1)), netns.Unshare(netns.Options{}),
		netns.Delete(ctx, "x", netns.DeleteOptions{}), netns.DeleteAt(ctx, "/x/y", netns.DeleteOptions{}),
		of(netns.Open("x")), of(netns.OpenPath("x")), of(netns.OpenPID(1)), of(netns.OpenPidfd(0)), of(netns.OpenFd(0)),
		of(netns.OpenDir("")), of(dir.Names()), of(dir.Lookup("x")), of(dir.Open("x")), of(dir.NamesOf(ns)),
		dir.Delete(ctx, "x", netns.DeleteOptions{}), dir.DeleteShown(ctx, "x", ns), errorOf(netns.List()), errorOf(dir.List()),
		errorOf(dir.Watch(ctx, netns.WatchOptions{})), of(dir.Recover(ctx, netns.RecoverOptions{})), dir.Release(ctx),
		of(netns.PeerIDs()), of(netns.PeerIDsOf(0)), netns.Tour(nil),
		ns.Do(ctx, nil), ns.Start(new(exec.Cmd)), of(ns.DialContext(ctx, "tcp", "x:1")), of(ns.Listen(ctx, "tcp", "x:1")),
		of(ns.ListenPacket(ctx, "udp", "x:1")), nsid, ns.SetNSID(1), of(ns.AssignNSID()), of(ns.Netlink()), ns.Verify(), ns.Delete(ctx),
		of(holders.Of(ctx, ns)), of(holders.Processes(ctx, ns)), of(holders.InUse(ctx)), holders.CheckSight(ns), holders.CheckComplete(ctx),
		holders.Kill(ctx, holders.KillOptions{}, ns), holders.CheckKill(ns), of(holders.NewWitness(ns)),
		stages.Here(stages.Unshare()), stages.Run(ctx, "", new(stages.Plan)), new(stages.Plan).Check(),
		of(persist.Open("")), of(persist.Prepare(ctx, "")), of(store.Claim(nil)), claim.Done(), of(store.Lookup("x")),
	} {
		var unsupported *netns.UnsupportedError
		if !errors.As(err, &unsupported) || !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), runtime.GOOS) {
			t.Errorf("%d: error %v", i, err)
		}
	}
	var name *netns.NameError
	if err := persist.CheckName("a/b"); !errors.As(err, &name) {
		t.Errorf("a bad name: %v", err)
	}
}

// errorOf returns the errors of an iterator.
func errorOf[T any](seq iter.Seq2[T, error]) (err error) {
	for _, e := range seq {
		err = errors.Join(err, e)
	}
	return err
}
