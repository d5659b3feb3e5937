package watchlist
import ("testing";"context";"fmt";"math/rand";"tarir/name";"tarir/match";"tarir/intake")
func TestDev(t *testing.T){ m,err:=Measure(context.Background(),[]string{"/tmp/lists"},nil); fmt.Println(m,err)
 r:=rand.New(rand.NewSource(3)); n:=0
 for _,i:=range r.Perm(len(m.Misses)) { x:=m.Misses[i]; if x.Cause=="Latin: another word in its place" && x.Score>0.25 { fmt.Printf("S %.2f %s / %s\n",x.Score,x.A,x.B); if n++; n>60 {break} } }
 for _,x:=range m.Misses { if x.Cause[0]!='L' { fmt.Printf("F %s %.2f %s / %s\n",x.Cause,x.Score,x.A,x.B) } }
 ins,_:=intake.Find([]string{"/tmp/lists"},nil); var all []*name.Name; var tx []string
 for _,in:=range ins { f,_:=recognise(context.Background(),in); if f.Skipped!="" {continue}; read(context.Background(),in,f,Options{},&Loaded{},func(r match.Record,err error)bool{ if len(r.Names)>0 {all=append(all,name.Parse(r.Names[0],name.KindOf(r.Schema)));tx=append(tx,r.Names[0])};return true}) }
 c:=0
 for k:=0;k<3000000 && c<70;k++ { a,b:=r.Intn(len(all)),r.Intn(len(all)); if a!=b&&all[a].Kind==all[b].Kind { if s:=name.Compare(all[a],all[b]); s.Score>=.7 && tx[a]!=tx[b] { c++; fmt.Printf("A %.2f %s / %s :: %s\n",s.Score,tx[a],tx[b],s) } } }
}
