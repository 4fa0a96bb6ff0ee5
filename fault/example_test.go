package fault_test

import (
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/fault"
)

func Example() {
	err := fmt.Errorf("sync: %w", &fault.Error{
		Class: fault.Session, Code: fault.Auth,
		Op: "list the GoPro cloud", Err: errors.New("401 Unauthorized"),
		Hint: "run: gondola login gopro",
	})
	fmt.Println(err)
	fmt.Println(fault.ClassOf(err), fault.CodeOf(err))
	fmt.Println(fault.HintOf(err))
	// Output:
	// sync: list the GoPro cloud: 401 Unauthorized
	// session auth
	// run: gondola login gopro
}
