package pages

import (
	"encoding/json"
	"strings"
	"time"

	"tarir/casework"
)

// What is done with an asset of a case, on its way from located to returned. Only what was decided elsewhere is written down here.

func (s *Server) assetRoutes() {
	s.page("POST /cases/{id}/assets/{seq}", s.moveAsset)
}

// moves is what an asset has come to, and what may be done with it.
type moves struct {
	*casework.Asset
	States []casework.AssetState
	Routes []string
	Typed  map[string]string
}

// movesOf reads an asset; nil: the entry is none.
func movesOf(a *ask, e *casework.Entry) *moves {
	if e.Kind != casework.AssetEntry {
		return nil
	}
	m := &moves{Asset: &casework.Asset{}, States: casework.AssetStates, Routes: casework.RouteKinds, Typed: a.typed()}
	if json.Unmarshal(e.Body, m.Asset) != nil {
		return nil
	}
	return m
}

func (s *Server) moveAsset(a *ask) error {
	v, id, seq := a.r.PostFormValue, a.r.PathValue("id"), number(a.r.PathValue("seq"))
	a.home = "/cases/" + id + "/entries/" + a.r.PathValue("seq")
	m := casework.AssetMove{
		From: casework.AssetState(v("from")), To: casework.AssetState(v("to")), Amount: strings.Replace(strings.TrimSpace(v("amount")), ",", ".", 1), Authority: strings.TrimSpace(v("authority")),
		Route: v("route"), Reason: strings.TrimSpace(v("reason")),
	}
	var err error
	if at := v("at"); at != "" {
		if m.At, err = time.Parse(time.DateOnly, at); err != nil {
			return s.showEntryWith(a, errDay.Error())
		}
	}
	if _, err := s.n.MoveAsset(a.r.Context(), a.who(), id, seq, number(v("version")), m); err != nil {
		return s.showEntryWith(a, err.Error())
	}
	return back(a, a.home)
}
