package stages

import "strings"

// The built-in stages.
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

// Sysctl returns the step that sets kernel parameters of the namespace, each KEY=VALUE as sysctl(8) takes it. Only keys
// below net. can be set, since the others are the whole machine's.
func Sysctl(settings ...string) Step {
	return Step{sysctlStage, []byte(strings.Join(settings, "\x00"))}
}

// Loopback returns the step that brings lo up. The kernel gives it 127.0.0.1/8 then and, where IPv6 is on, ::1/128.
func Loopback() Step { return Step{Stage: loopbackStage} }

// Address returns the step that gives lo further addresses, each with a prefix length: 10.1.2.3/32, 2001:db8::1/128.
func Address(addresses ...string) Step {
	return Step{addressStage, []byte(strings.Join(addresses, "\x00"))}
}

// Verify returns the step that reads back whether lo is up, and sends an ICMP echo request to 127.0.0.1 and, where
// IPv6 is on, to ::1. A family in which the namespace was told not to answer is not asked.
func Verify() Step { return Step{Stage: verifyStage} }
