// Package cni has nothing but what the CNI project's own suites import, so that go.sum has it; suites/run.sh runs them.
package cni

import (
	_ "github.com/containernetworking/plugins/pkg/testutils"
	_ "github.com/netns-go/netns/cnicompat"
	_ "github.com/onsi/ginkgo/v2"
	_ "github.com/onsi/gomega"
)
