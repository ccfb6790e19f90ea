package codec

//lint:file-ignore U1000 the types under test have fields that only reflection sees

import (
	"bytes"
	"log"
	"reflect"
	"slices"
	"testing"

	"github.com/vmihailenco/msgpack/v5"
)

// TestPlanFields checks that a plan has exactly the fields that the library finds. The
// guard skips other fields without charging for them.
func TestPlanFields(t *testing.T) {
	type inner struct{ X, Y int }
	type (
		tagged struct {
			A int `msgpack:"a"`
			B int `msgpack:"b,omitempty"`
			C int `msgpack:", omitempty"`
			D int `msgpack:" d "`
			E int `msgpack:"x:y"`
			F int `msgpack:":name"`
			G int `msgpack:""`
			H int `json:"h"`
			I int `msgpack:"i,alias:j"`
			K int `msgpack:"-"`
			l int
		}
		Exported struct{ P, Q int }
		Strings  string
		embeds   struct {
			Exported
			R int
		}
		embedsNamed struct {
			Exported `msgpack:"e"`
			R        int
		}
		noinline struct {
			Exported `msgpack:",noinline"`
			P        int
		}
		earlier struct {
			Q string
			Exported
		}
		forced struct {
			Exported `msgpack:"e,inline"`
			R        int
		}
		twoDeep struct {
			embeds
			S int
		}
		notStruct struct {
			Strings
			S int
		}
		longName struct {
			F int `msgpack:"a name that is longer than thirty-one bytes"`
		}
		asArray struct {
			_msgpack struct{} `msgpack:",as_array"`
			A        int
			Exported
		}
	)
	var logged bytes.Buffer // the library logs fields of one name
	defer log.SetOutput(log.Writer())
	log.SetOutput(&logged)
	for _, v := range []any{
		tagged{},
		embeds{},
		embedsNamed{},
		noinline{},
		earlier{},
		forced{},
		twoDeep{},
		notStruct{},
		longName{},
		asArray{},
		inner{},
		order{},
		row{},
		shadowed{},
		promoted{},
		apart{},
		alias{},
		wide{},
		struct{}{},
	} {
		typ := reflect.TypeOf(v)
		p, err := planOf(typ)
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		ptr := reflect.New(typ)
		fillAll(ptr.Elem(), 3)
		data, err := msgpack.Marshal(ptr.Interface())
		if err != nil {
			t.Errorf("%v: %v", typ, err)
			continue
		}
		var names []string
		for _, f := range p.list {
			names = append(names, f.name)
		}
		dec := msgpack.NewDecoder(bytes.NewReader(data))
		if p.asArray {
			n, err := dec.DecodeArrayLen()
			if err != nil || n != len(names) {
				t.Errorf("%v: the library writes %d fields, %v; the plan has %q", typ, n, err, names)
			}
			continue
		}
		n, err := dec.DecodeMapLen()
		if err != nil {
			t.Errorf("%v: %v", typ, err)
		}
		var wrote []string
		for range n {
			name, _ := dec.DecodeString()
			_ = dec.Skip()
			wrote = append(wrote, name)
		}
		if !slices.Equal(names, wrote) {
			t.Errorf("%v: the library writes %q; the plan has %q", typ, wrote, names)
		}
		for _, name := range wrote {
			if p.byName[name] == nil {
				t.Errorf("%v: the plan does not find %q", typ, name)
			}
		}
	}
	if logged.Len() > 0 {
		t.Errorf("the library logged %q", &logged)
	}
	p, _ := planOf(reflect.TypeFor[alias]())
	if p.byName["before"] == nil {
		t.Error("the plan does not know an alias")
	}
}

// fillAll sets every field and element to a value that is not empty.
func fillAll(v reflect.Value, depth int) {
	if !v.CanSet() || depth < 0 {
		return
	}
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(1)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(1)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Struct:
		for i := range v.NumField() {
			fillAll(v.Field(i), depth-1)
		}
	}
}

func TestAliasIsRead(t *testing.T) {
	typed, err := Values[alias](nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := typed.Decode([]byte("\x81\xa6before\xa1x")); err != nil || got.Now != "x" {
		t.Errorf("Decode = %+v, %v; want Now = x", got, err)
	}
}

func TestNeeds(t *testing.T) {
	for _, tc := range []struct {
		t    reflect.Type
		want needs
	}{
		{reflect.TypeFor[named](), needs{}},
		{reflect.TypeFor[[]named](), needs{}},
		{reflect.TypeFor[map[string]string](), needs{sort: true}},
		{reflect.TypeFor[map[string]int](), needs{sort: true}},
		{reflect.TypeFor[any](), needs{sort: true, guard: true, normalize: true}},
		{reflect.TypeFor[*chain](), needs{guard: true}},
		{reflect.TypeFor[[]bigArray](), needs{guard: true}},
		{reflect.TypeFor[[]*bigStruct](), needs{guard: true}},
		{reflect.TypeFor[pair](), needs{guard: true, multiValue: true}},
		{reflect.TypeFor[[]pair](), needs{guard: true}},
	} {
		p, err := planOf(tc.t)
		if err != nil {
			t.Errorf("%v: %v", tc.t, err)
		} else if p.needs != tc.want {
			t.Errorf("%v: needs are %+v; want %+v", tc.t, p.needs, tc.want)
		}
	}
}
