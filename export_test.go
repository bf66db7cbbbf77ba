//go:build linux

package netns

// OpenPidfdByNumber is what OpenPidfd does before Linux 6.11.
var OpenPidfdByNumber = openPidfdByNumber
