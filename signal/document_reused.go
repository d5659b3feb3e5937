package signal

import "tarir/journey"

// documentReused finds documents that travel under different names or begin a journey while another is under way (T14).
// Who travels on it may have been given it: the document is the subject, not the person.
func documentReused(s *scan) {
	for _, d := range journey.Doubles(s.in.Journeys) {
		x := s.hit("document:"+d.Document, "J", 0.6, "T14").journeys(d.Journeys...).entities(s.travellersTold(d.Journeys)...)
		if d.Names {
			x.because("document_names", "journeys", len(d.Journeys))
		}
		if d.AtOnce {
			x.because("document_at_once", "journeys", len(d.Journeys))
		}
		x.done()
	}
}

// travellersTold are the travellers that are entities.
func (s *scan) travellersTold(list []int) []string {
	var out []string
	for _, p := range s.travellers(list) {
		if s.in.Held.Entity(p) != nil {
			out = append(out, p)
		}
	}
	return out
}
