// Package cni imports the packages of the CNI project's own suites, so that go.sum has them; suites/run.sh runs the suites.
package cni

import (
	_ "github.com/containernetworking/plugins/pkg/testutils"
	_ "github.com/netns-go/netns/cnicompat"
	_ "github.com/onsi/ginkgo/v2"
	_ "github.com/onsi/gomega"
)
