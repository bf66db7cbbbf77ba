package stages

import (
	"fmt"
	"strings"

	"github.com/netns-go/netns/persist"
)

// Register makes a stage known under a name: 1 to 64 of the characters a to z, 0 to 9, ".", "_" and "-". It panics for an
// invalid name, or for a name that is already registered.
//
// An init function must call Register, and unconditionally, because the child must reach the call too. [Plan.Check] refuses a
// stage that main or a plugin registers; only [Here] accepts it. In the child, the call that completes the plan's stages does
// not return.
func Register(name string, decode Decoder) {
	if name == "" || len(name) > persist.MaxStage || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
		panic(fmt.Sprintf("stages: bad stage name %q", name))
	}
	if _, twice := registry[name]; twice {
		panic(fmt.Sprintf("stages: stage %q registered twice", name))
	}
	registry[name] = decode
	late[name] = tooLate()
	dispatch(name)
}
