package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"

	"github.com/netns-go/netns"
)

// advise adds advice to an error if only the command can give it: for a name in another state than the verb needs, the advice
// of forState.
func advise(err error, forState map[netns.State]string) error {
	advice := ""
	state, isState := errors.AsType[*netns.StateError](err)
	stage, isStage := errors.AsType[*netns.StageError](err)
	switch {
	case is[timeoutError](err) && !is[*netns.UndoError](err):
		return fmt.Errorf("%w, and nothing is left", err)
	case isState:
		advice = forState[state.State]
	case is[*netns.NotExistError](err):
		advice = "netns list shows all names"
	case is[*netns.TrustError](err):
		advice = "make sure that it belongs to root or to you, and that nobody else can write to it (chown, chmod go-w)"
	case is[*netns.RefusedError](err): // sudo would not help
	case errors.Is(err, fs.ErrPermission) && os.Geteuid() != 0:
		advice = "run it with sudo"
	case isStage && stage.Stage == "verify" && stage.Namespace != "" && !errors.Is(err, fs.ErrPermission):
		advice = "a sysctl or a stage keeps lo from answering; --verify=false leaves the check out"
	}
	if advice == "" {
		return err
	}
	return fmt.Errorf("%w; %s", err, advice)
}

// whatToCreate is the advice for a name that create finds taken, by its state.
var whatToCreate = map[netns.State]string{
	netns.Ready:        "delete it first, or keep it with --if-not-exists",
	netns.Kept:         "look at it, then remove it with netns delete",
	netns.InProgress:   "wait for it with --if-not-exists",
	netns.Stale:        "try again; netns delete removes it",
	netns.Unmounted:    unmountedAdvice,
	netns.Elsewhere:    "if nothing needs it there, remove it with netns delete --force",
	netns.Foreign:      "if it is left over, netns delete removes it, or says why not",
	netns.Incompatible: "use the netns version that made it, or remove it with netns delete --force",
	netns.Unreadable:   "run it with sudo",

	netns.Directory: toCreate, netns.File: toCreate, netns.FIFO: toCreate, netns.Socket: toCreate, netns.Device: toCreate,
	netns.OtherLink: dropLink, netns.BrokenLink: dropLink, netns.LoopingLink: dropLink,
	netns.OtherNamespace: "take another name; " + unmount,
}

// unmountedAdvice is the advice for a name that was unmounted by hand.
const unmountedAdvice = "netns delete removes the name; if netns list --all still shows the namespace, netns attach names it again"

// Advice for names that have nothing to do with network namespaces.
const (
	toCreate = "take another name, or remove it by hand if nothing needs it"
	byHand   = "remove it by hand if nothing needs it"
	dropLink = "netns delete removes the link"
	unmount  = "if nothing needs that namespace, unmount it by hand (umount), and netns delete removes the file"
)

// whatToAttach is the advice for a name that attach finds taken, by its state.
var whatToAttach = func() map[netns.State]string {
	advice := maps.Clone(whatToCreate)
	advice[netns.Ready] = "delete it first, or take another name"
	advice[netns.InProgress] = "take another name"
	return advice
}()

// whatToDelete is the advice for a name that delete leaves alone, by its state.
var whatToDelete = map[netns.State]string{
	netns.Foreign:      byHand,
	netns.Elsewhere:    "if nothing needs it there, use --force",
	netns.Incompatible: "use the netns version that made it, or --force",

	netns.Directory: byHand, netns.File: byHand, netns.FIFO: byHand, netns.Socket: byHand, netns.Device: byHand,
	netns.OtherNamespace: unmount,
}

// adviceForYoung is the advice for another tool's file that delete leaves alone because it is so young.
const adviceForYoung = "wait, or use --force"

// whatToEnter is the advice for a name that shows no namespace, by its state.
var whatToEnter = map[netns.State]string{
	netns.Stale:        "netns create makes it anew, netns delete removes it",
	netns.Unmounted:    unmountedAdvice,
	netns.Elsewhere:    "enter that mount namespace first",
	netns.Foreign:      "if it is left over, netns delete removes it, or says why not",
	netns.Incompatible: "use the netns version that made it",
	netns.Unreadable:   "run it with sudo",

	netns.Directory: byHand, netns.File: byHand, netns.FIFO: byHand, netns.Socket: byHand, netns.Device: byHand,
	netns.OtherLink: dropLink, netns.BrokenLink: dropLink, netns.LoopingLink: dropLink,
	netns.OtherNamespace: "nsenter(1) enters it; " + unmount,
}
