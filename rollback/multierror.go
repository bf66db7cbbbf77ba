package rollback

import (
	"strings"

	"github.com/hashicorp/go-multierror"
)

// join returns one error of a single line that answers errors.Is and errors.As for the cause and for each failed undo.
// The list is built by hand, since multierror.Append changes a multierror that it is given first.
func join(cause error, failed []error) error {
	return &multierror.Error{
		Errors: append([]error{cause}, failed...),
		ErrorFormat: func(errs []error) string {
			text := make([]string, len(errs))
			for i, err := range errs {
				text[i] = err.Error()
			}
			return strings.Join(text, "; ")
		},
	}
}
