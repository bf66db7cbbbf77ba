//go:build linked

package main

import _ "github.com/netns-go/netns"
