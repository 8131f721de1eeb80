package menu

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestTheTreeHasEveryMenu(t *testing.T) {
	tree := loadTree(t)
	var names []string
	for _, menu := range tree.Menus() {
		names = append(names, menu.Name)
	}
	if want := []string{"main", "requests", "more", "account", "group", "agent"}; !slices.Equal(names, want) {
		t.Errorf("menus %v, want %v", names, want)
	}
	flows := tree.Flows()
	slices.Sort(flows)
	if twice := len(flows) - len(slices.Compact(flows)); twice > 0 {
		t.Errorf("%d flows are reached twice", twice)
	}
	for name, want := range map[string]string{"requests": "main", "account": "more"} {
		if parent, ok := tree.Parent(name); !ok || parent != want {
			t.Errorf("%s is reached from %q", name, parent)
		}
	}
	if parent, ok := tree.Parent(Main); ok {
		t.Errorf("the main menu is reached from %q", parent)
	}
}

func TestAMenuIsAScreenAndTakesItsDigits(t *testing.T) {
	book, tree := load(t), loadTree(t)
	menu, ok := tree.Menu("requests")
	if !ok {
		t.Fatal("no menu of requests")
	}
	if got, want := menu.Text(book, English), "Requests\n1 Ask for money\n2 Pay a request\n0 Back"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for digit, want := range map[string]Target{"1": {Flow: "ask"}, "2": {Flow: "asked"}} {
		if got, ok := menu.Choose(digit); !ok || got != want {
			t.Errorf("%s leads to %+v, %v", digit, got, ok)
		}
	}
	for _, digit := range []string{"", "0", "3", "9", "00", "98", "01", " 1"} {
		if got, ok := menu.Choose(digit); ok {
			t.Errorf("%q leads to %+v", digit, got)
		}
	}
	main, _ := tree.Menu(Main)
	want := "1 Send money\n2 Balance\n3 Last payments\n4 Withdraw cash\n5 Requests\n6 More"
	if got := main.Text(book, English); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestABadTreeIsRefused(t *testing.T) {
	for _, c := range []struct{ name, from, to string }{
		{"a digit twice", `{ digit = 2, label = "choice_balance"`, `{ digit = 1, label = "choice_balance"`},
		{"a digit too high", `{ digit = 6, label = "choice_more"`, `{ digit = 7, label = "choice_more"`},
		{"the digit of back", `{ digit = 1, label = "choice_send"`, `{ digit = 0, label = "choice_send"`},
		{"a seventh choice", `menu = "more" },`, "menu = \"more\" },\n{ digit = 7, label = \"choice_send\", flow = \"x\" },"},
		{"an unknown label", "choice_send\"", "choice_sent\""},
		{"a label with data", "choice_send\"", "line_in\""},
		{"no target", `, flow = "send"`, ""},
		{"two targets", `flow = "send"`, `flow = "send", menu = "more"`},
		{"a menu that does not exist", `menu = "requests"`, `menu = "nowhere"`},
		{"a menu reached twice", `menu = "requests"`, `menu = "more"`},
		{"a menu that nothing reaches", `menu = "requests"`, `flow = "requests"`},
		{"a circle", `flow = "ask"`, `menu = "main"`},
		{"a menu twice", `name = "requests"`, `name = "main"`},
		{"no title", `title = "title_more"`, ""},
		{"too deep", `flow = "limits"`, `menu = "deeper"`},
		{"a field that does not exist", `flow = "send"`, `flow = "send", key = "x"`},
		{"no TOML", "[[menu]]", "[[menu"},
	} {
		bad := strings.Replace(string(treeFile), c.from, c.to, 1)
		if bad == string(treeFile) {
			t.Fatalf("%s: nothing was changed", c.name)
		}
		if c.name == "too deep" {
			bad += "\n[[menu]]\nname = \"deeper\"\ntitle = \"title_more\"\nchoice = [{ digit = 1, label = \"choice_send\", flow = \"x\" }]\n"
		}
		if _, err := parseTree([]byte(bad)); !errors.Is(err, ErrTree) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
