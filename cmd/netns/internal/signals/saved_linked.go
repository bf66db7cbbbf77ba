//go:build netns_inherit && !(mips || mipsle || mips64 || mips64le)

package signals

import _ "unsafe" // for go:linkname

// These are the runtime's. The linker allows the reference only with -checklinkname=0.
var (
	//go:linkname fwdSig runtime.fwdSig
	fwdSig [(lastSignal + 1) * wordSize]byte
	//go:linkname initSigmask runtime.initSigmask
	initSigmask [lastSignal / 8]byte
)

// saved returns the signals that were ignored and blocked before Go's runtime started.
func saved() (ignored, blocked set) { return newSets(fwdSig[:], initSigmask[:]) }
