package network

import (
	"context"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/graph/community"
	"gonum.org/v1/gonum/graph/simple"
)

// resolution of the communities: higher makes smaller ones.
const resolution = 0.3

// communities divides the actors with evidence, and those whom ties bring in, by Louvain's method on the weights of the
// ties (gonum's implementation). Actors are numbered by id, so the order of telling does not matter.
func (b *builder) communities(ctx context.Context) ([][]int, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := map[int]float64{}
	for a := range b.evidence {
		if !b.isVictim(a) && b.strength(a) > 0 {
			in[a] = 1
		}
	}
	// An actor without evidence comes in where all ties to those inside are strong enough together.
	for range growth {
		for a, w := range b.bound(in) {
			if w >= joinTie && !b.isVictim(a) {
				in[a] = min(1, w/fullReach)
			}
		}
	}
	ties := b.sorted()
	order := make([]int, 0, len(in))
	for a := range in {
		order = append(order, a)
	}
	slices.SortFunc(order, b.compare)
	number := map[int]int64{}
	g := simple.NewWeightedUndirectedGraph(0, 0)
	for i, a := range order {
		number[a] = int64(i)
		g.AddNode(simple.Node(i))
	}
	for _, t := range ties {
		if in[t.A] > 0 && in[t.B] > 0 {
			g.SetWeightedEdge(g.NewWeightedEdge(simple.Node(number[t.A]), simple.Node(number[t.B]), t.Weight))
		}
	}
	if len(order) == 0 {
		return nil, nil
	}
	var out [][]int
	for _, c := range community.Modularize(g, resolution, rand.NewPCG(1, 1)).Communities() {
		var list []int
		for _, n := range c {
			list = append(list, order[n.ID()])
		}
		slices.SortFunc(list, b.compare)
		out = append(out, list)
	}
	slices.SortFunc(out, func(x, y []int) int { return b.compare(x[0], y[0]) })
	return out, nil
}
