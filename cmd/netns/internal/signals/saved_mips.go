//go:build mips || mipsle || mips64 || mips64le

package signals

// saved returns no signals: on mips they have other numbers and more room.
func saved() (ignored, blocked set) { return 0, 0 }
