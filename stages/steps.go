package stages

import "strings"

// A Step is a registered stage with its arguments.
type Step struct {
	Stage string
	Args  []byte
}

// The names of the built-in stages.
const (
	unshareStage  = "unshare"
	attachStage   = "attach"
	sysctlStage   = "sysctl"
	loopbackStage = "loopback"
	addressStage  = "address"
	verifyStage   = "verify"
	publishStage  = "publish"
)

// Unshare returns the step that makes a network namespace. It is for [Here]: a [Plan] begins with it anyway.
func Unshare() Step { return Step{Stage: unshareStage} }

// Sysctl returns the step that sets kernel parameters of the namespace, each KEY=VALUE as sysctl(8) takes it. Each key must
// begin with "net.", because all others belong to the whole machine.
func Sysctl(settings ...string) Step { return step(sysctlStage, settings) }

// Loopback returns the step that brings lo up. The kernel then gives it 127.0.0.1/8 and, where IPv6 is on, ::1/128.
func Loopback() Step { return Step{Stage: loopbackStage} }

// Address returns the step that gives lo further addresses, each with a prefix length: 10.1.2.3/32, 2001:db8::1/128.
func Address(addresses ...string) Step { return step(addressStage, addresses) }

// Verify returns the step that checks whether lo is up, and sends an ICMP echo request to 127.0.0.1 and, where IPv6 is on, to
// ::1. If a sysctl of the namespace forbids answers in a family, a missing answer is not an error.
func Verify() Step { return Step{Stage: verifyStage} }

// step returns the step of a stage whose decoder calls split.
func step(stage string, args []string) Step { return Step{stage, []byte(strings.Join(args, "\x00"))} }

func split(args []byte) []string { return strings.Split(string(args), "\x00") }
