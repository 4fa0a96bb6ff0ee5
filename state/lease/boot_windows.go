package lease

import "golang.org/x/sys/windows/registry"

// boot identifies this installation of Windows; "" if nothing tells. A process
// id that was given again after a restart only delays a takeover.
func boot() string {
	key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Cryptography`, registry.QUERY_VALUE|registry.WOW64_64KEY)
	if err != nil {
		return ""
	}
	defer key.Close()
	id, _, err := key.GetStringValue("MachineGuid")
	if err != nil {
		return ""
	}
	return id
}
