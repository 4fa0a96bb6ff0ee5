package sample

// Altered returns other bytes of the same type and size, another one for each
// generation but 0, which is c itself.
func Altered(c Content, generation uint64) Content {
	if generation == 0 {
		return c
	}
	if s, ok := c.(*generated); ok {
		shot := s.shot
		shot.Seed += generation
		return &generated{shot: shot, size: s.size, plan: s.plan}
	}
	return flipped{Content: c, by: byte(generation)}
}

// flipped is content of which every byte after a signature is another.
type flipped struct {
	Content
	by byte
}

func (f flipped) ReadAt(p []byte, off int64) (int, error) {
	const signature = 16 // bytes, left alone so that the type stays what it is
	n, err := f.Content.ReadAt(p, off)
	for i := range p[:n] {
		if off+int64(i) >= signature {
			p[i] ^= f.by
		}
	}
	return n, err
}
