package doctor

import (
	"slices"
	"syscall"
)

func volumeOf(dir string) (volume, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return volume{}, err
	}
	var name []byte
	for _, c := range s.Fstypename {
		if c == 0 {
			break
		}
		name = append(name, byte(c))
	}
	kind := string(name)
	return volume{
		free: s.Bavail * uint64(s.Bsize), inodes: s.Ffree, counted: s.Files > 0,
		kind: kind, network: slices.Contains([]string{"nfs", "smbfs", "afpfs", "webdav", "ftp"}, kind),
	}, nil
}
