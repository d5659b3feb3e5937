package pages

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tarir/casework"
	"tarir/node"
)

// Rights of persons: requests for access, correction and deletion with their clocks, what this node holds on a person, and the answer. Whom it is about stands in the
// papers of who handles it, and in no address.

func (s *Server) subjectRoutes() {
	s.page("GET /subjects", s.subjects)
	s.page("POST /subjects", s.newSubject)
	s.page("POST /subjects/find", s.subjectFind)
	s.page("GET /subjects/{id}", s.subject)
	s.page("POST /subjects/{id}/step", s.subjectStep)
	s.page("POST /subjects/{id}/answer", s.subjectAnswer)
}

type subjectsData struct {
	List  []*casework.Subject
	Kinds []casework.SubjectKind
	Held  *node.HeldOn
	Typed map[string]string
	Now   time.Time
}

var subjectKinds = []casework.SubjectKind{casework.AccessRequest, casework.CorrectionRequest, casework.DeletionRequest}

func (s *Server) subjects(a *ask) error { return s.subjectsWith(a, &subjectsData{}, "") }

func (s *Server) subjectsWith(a *ask, d *subjectsData, wrong string) error {
	a.home = "/subjects"
	var err error
	if d.List, err = s.n.Subjects(a.r.Context(), a.who()); err != nil {
		return err
	}
	d.Kinds, d.Typed, d.Now = subjectKinds, a.typed(), time.Now()
	return s.showWith(a, http.StatusOK, "subjects", "subjects", d, wrong)
}

func (s *Server) newSubject(a *ask) error {
	v := a.r.PostFormValue
	received, err := time.Parse(time.DateOnly, v("received"))
	if err != nil {
		return s.subjectsWith(a, &subjectsData{}, errDay.Error())
	}
	made, err := s.n.NewSubject(a.r.Context(), a.who(), casework.SubjectKind(v("kind")), strings.TrimSpace(v("ref")), received)
	if err != nil {
		return s.subjectsWith(a, &subjectsData{}, err.Error())
	}
	return back(a, "/subjects/"+made.ID)
}

// aboutWhom reads names, one a line, and numbers, KIND:VALUE one a line.
func aboutWhom(a *ask) (names, numbers []string, err error) {
	names = texts(a.r.PostFormValue("names"))
	for _, t := range texts(a.r.PostFormValue("numbers")) {
		kind, value, _ := strings.Cut(t, ":")
		n, err := node.NumberOf(strings.TrimSpace(kind), strings.TrimSpace(value))
		if err != nil {
			return nil, nil, err
		}
		numbers = append(numbers, n)
	}
	return names, numbers, nil
}

// subjectFind lists what this node holds that may be about a person.
func (s *Server) subjectFind(a *ask) error {
	names, numbers, err := aboutWhom(a)
	if err != nil {
		return s.subjectsWith(a, &subjectsData{}, err.Error())
	}
	held, err := s.n.SubjectFind(a.r.Context(), a.who(), names, numbers)
	if err != nil {
		return s.subjectsWith(a, &subjectsData{}, err.Error())
	}
	return s.subjectsWith(a, &subjectsData{Held: held}, "")
}

type subjectData struct {
	*casework.Subject
	Can   []casework.SubjectState
	Typed map[string]string
	Clock string
}

func (s *Server) subject(a *ask) error { return s.subjectWith(a, "") }

func (s *Server) subjectWith(a *ask, wrong string) error {
	id := a.r.PathValue("id")
	a.home = "/subjects/" + id
	x, err := s.n.Subject(a.r.Context(), a.who(), id)
	if err != nil {
		return err
	}
	return s.showWith(a, http.StatusOK, "subject", "subject", &subjectData{Subject: x, Can: x.Next(), Typed: a.typed(), Clock: x.Clock(time.Now())}, wrong)
}

func (s *Server) subjectStep(a *ask) error {
	v, id := a.r.PostFormValue, a.r.PathValue("id")
	step := casework.SubjectStep{To: casework.SubjectState(v("to")), Why: strings.TrimSpace(v("why")), Result: v("result"), Asked: list(v("asked"))}
	if _, err := s.n.SubjectStep(a.r.Context(), a.who(), id, step); err != nil {
		return s.subjectWith(a, err.Error())
	}
	return back(a, "/subjects/"+id)
}

// subjectAnswer writes the answer to a request that was decided: what the person is told, what the commission is told, and the proof, in one file.
func (s *Server) subjectAnswer(a *ask) error {
	names, numbers, err := aboutWhom(a)
	if err != nil {
		return s.subjectWith(a, err.Error())
	}
	id := a.r.PathValue("id")
	var written *node.SubjectAnswer
	dir, err := s.n.TempDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if written, err = s.n.AnswerSubject(a.r.Context(), a.who(), id, names, numbers, filepath.Join(dir, "answer")); err != nil {
		return s.subjectWith(a, err.Error())
	}
	return s.sendFile(a, "answer-"+id+".zip", "application/zip", func(path string) error {
		f, err := os.Create(path)
		if err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		z := zip.NewWriter(f)
		for _, file := range written.Files {
			if err = addFile(z, file); err != nil {
				break
			}
		}
		return errors.Join(err, z.Close(), f.Close())
	})
}

func addFile(z *zip.Writer, path string) error {
	w, err := z.Create(filepath.Base(path))
	if err != nil {
		return err
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
