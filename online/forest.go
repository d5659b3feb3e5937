package online

// forest says what is connected: each tree is a set, and its root the smallest of it.
type forest []int32

func newForest(n int) forest {
	f := make(forest, n)
	for i := range f {
		f[i] = int32(i)
	}
	return f
}

func (f forest) find(i int32) int32 {
	for f[i] != i {
		f[i] = f[f[i]]
		i = f[i]
	}
	return i
}

// join connects two; false if they were connected before.
func (f forest) join(a, b int32) bool {
	a, b = f.find(a), f.find(b)
	f[max(a, b)] = min(a, b)
	return a != b
}
