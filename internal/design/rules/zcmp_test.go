package rules_test
import ("testing";"encoding/json";"os";"fmt";"strings";"example.com/landfall/internal/graph";"example.com/landfall/internal/inventory";"example.com/landfall/internal/design";"example.com/landfall/internal/design/rules";"example.com/landfall/internal/catalog")
func zload(t *testing.T, name string) *design.Design {
	var inv inventory.Inventory; var g graph.Graph
	for n, v := range map[string]any{"-inv":&inv,"-graph":&g} {
		b, err := os.ReadFile("/tmp/w/wide/"+name+n+".json"); if err != nil {t.Fatal(err)}
		if err := json.Unmarshal(b, v); err != nil {t.Fatal(err)}
	}
	facts, _ := catalog.Load()
	d, err := design.Make(design.Input{Inventory:&inv,Graph:&g,Catalog:facts,Options:design.Options{Workload:"bookshop",Region:"eastus2",SourceRegion:"us-east-1"},Families:rules.All()})
	if err != nil {t.Fatal(err)}
	b, _ := json.MarshalIndent(d,""," ")
	os.WriteFile("/tmp/w/wide/design-"+name+".json", b, 0o644)
	return d
}
func TestZCmp(t *testing.T) {
	for _, name := range []string{"live","tmpl"} {
		d := zload(t, name)
		var b strings.Builder
		for _, r := range d.Resources { r.ID=design.Resource{}.ID; x,_ := json.MarshalIndent(r,""," "); fmt.Fprintf(&b,"=== %s %s\n%s\n",r.Type,r.Name,x) }
		os.WriteFile("/tmp/w/wide/res-"+name+".txt", []byte(b.String()), 0o644)
		fmt.Println(name, len(d.Resources), len(d.Decisions))
		if d.Network != nil { fmt.Println(" equal",d.Network.Equal,"ends",d.Network.Endpoints,"undecided",d.Network.Undecided); for _,x := range d.Network.Differences { fmt.Println("  ",x.Name,x.Wider,"|",x.Packet,"|S",x.SourceRule,"|T",x.TargetRule) } }
		for _, v := range d.Decisions { if v.Rule=="design/service-map" { fmt.Println("  UNMAPPED",v.Kind,v.Name,v.Why) } }
		for _, f := range d.Findings { if f.Blocks { fmt.Println("  BLOCKS", f.ID, f.Text) } }
	}
}
func ZComplete(inv *inventory.Inventory) {}
