package node

import (
	"context"
	"errors"
	"fmt"
	"image"
	_ "image/gif"
	"image/jpeg"
	_ "image/png"
	"io"
	"net/url"
	"os"
	"slices"
	"strconv"

	"tarir/exchange/envelope"
	"tarir/notice"
	"tarir/store"
)

// Public answers a query of the public notices API; id empty: a list. Nothing of it needs a purpose, as everybody may see it.
func (n *Node) Public(ctx context.Context, base string, c notice.Colour, id string, q url.Values) (any, error) {
	all, err := n.public(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if id == "" {
		var records []*notice.Record
		for _, b := range all {
			records = append(records, b.Record)
		}
		return notice.ListPublic(base, c, records, q, n.now()), nil
	}
	if len(all) == 0 {
		return nil, store.ErrNone
	}
	return all[0].Record.Public(base, true), nil
}

// public are the notices of a colour that everybody may see; id empty: all.
func (n *Node) public(ctx context.Context, c notice.Colour, id string) (all []*noticeBody, err error) {
	err = n.store.Read(ctx, func(tx *store.Tx) error {
		all = nil
		items, err := tx.Items(store.Query{Kind: kindNotice, State: string(notice.Published), Number: id})
		if err != nil {
			return err
		}
		for _, it := range items {
			b, err := body[noticeBody](it)
			if err != nil {
				return err
			}
			if b.Record.Form.Colour == c && b.Record.InPublic(n.now()) {
				all = append(all, b)
			}
		}
		return nil
	})
	return all, err
}

// PublicImages lists the photographs of a notice that everybody may see.
func (n *Node) PublicImages(ctx context.Context, base string, c notice.Colour, id string) (*notice.Images, error) {
	all, err := n.public(ctx, c, id)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, store.ErrNone
	}
	return all[0].Record.PublicImages(base, len(all[0].photos())), nil
}

// PublicImage gives the path of a photograph as everybody may see it: drawn anew, so that nothing but the picture is in it, neither the
// place where it was taken nor anything else that a camera or a program wrote.
func (n *Node) PublicImage(ctx context.Context, c notice.Colour, id, picture string) (string, error) {
	all, err := n.public(ctx, c, id)
	if err != nil {
		return "", err
	}
	k, err := strconv.Atoi(picture)
	if len(all) == 0 || err != nil || k < 1 || k > len(all[0].photos()) {
		return "", store.ErrNone
	}
	a := all[0].photos()[k-1]
	drawn := n.attachmentPath(a.SHA256 + publicCopy)
	if _, err := os.Stat(drawn); err == nil {
		return drawn, nil
	}
	from := n.secretariat()
	if n.Secretariat() {
		from = all[0].Record.Owner
	}
	if a.Size > mostPhotoBytes {
		return "", fmt.Errorf("%w: the photograph has more than %d MiB", store.ErrNone, mostPhotoBytes>>20)
	}
	path, err := n.fetch(ctx, from, &a)
	if err != nil {
		return "", err
	}
	return drawn, n.into(func() string { return drawn }, func(w io.Writer) error { return redraw(w, path) })
}

// Names of the files that are made of a sealed attachment: its sum, and one of these.
const (
	openCopy   = ".x" // opened
	publicCopy = ".p" // a photograph as everybody may see it
)

const (
	mostPhotoBytes  = 20 << 20
	mostPhotoPixels = 50_000_000
)

// errPhoto is a photograph that cannot be read, or is too large to be shown.
var errPhoto = errors.New("this photograph cannot be read: attach a JPEG, PNG or GIF of at most 20 MiB and 50 million pixels")

// redraw writes a picture as JPEG.
func redraw(w io.Writer, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if c, _, err := image.DecodeConfig(f); err != nil || c.Width*c.Height > mostPhotoPixels {
		return errPhoto
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	picture, _, err := image.Decode(f)
	if err != nil {
		return errPhoto
	}
	return jpeg.Encode(w, picture, &jpeg.Options{Quality: 90})
}

// photos are the attachments of a notice that its form names as photographs of the person.
func (b *noticeBody) photos() (out []envelope.Attachment) {
	for _, p := range b.Record.Form.Person.Photos {
		if i := slices.IndexFunc(b.Attachments, func(a envelope.Attachment) bool { return a.Name == p.File }); i >= 0 {
			out = append(out, b.Attachments[i])
		}
	}
	return out
}

// measurePhoto writes into the form how large a photograph is, if an attached file is one.
func measurePhoto(p *notice.Person, name, path string) error {
	i := slices.IndexFunc(p.Photos, func(f notice.Photo) bool { return f.File == name })
	if i < 0 {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("attach: %w", err)
	}
	c, _, err := image.DecodeConfig(f)
	if err != nil || c.Width*c.Height > mostPhotoPixels || info.Size() > mostPhotoBytes {
		return fmt.Errorf("%s: %w", name, errPhoto)
	}
	p.Photos[i].ShortSide = min(c.Width, c.Height)
	return nil
}
