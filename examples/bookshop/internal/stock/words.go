package stock

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// pick returns one word of a space-separated list; '_' stands for a space.
func pick(r *rand.Rand, list string) string {
	words := strings.Fields(list)
	return strings.ReplaceAll(words[r.IntN(len(words))], "_", " ")
}

const (
	adjectives = `Amber Borrowed Broken Careful Crooked Distant Drowned Early Empty Faithful Forgotten Frozen Gentle Gilded
		Hidden Hollow Honest Idle Inland Iron Last Late Lesser Long Lost Loud Midnight Narrow Northern Ordinary Painted Paper
		Patient Plain Quiet Restless Salted Scarlet Second Secret Shallow Silver Slow Small Southern Spare Stubborn Sudden
		Tangled Tender Unfinished Velvet Wandering Western White Wild Winter Wooden`
	nouns = `Almanac Anchor Archive Atlas Bakery Bell Bridge Cartographer Chapel Clock Coast Compass Correspondence Cousin
		Daughter Ferry Field Garden Gate Ghost Granary Harbour Harvest Heron Horizon House Inheritance Island Kiln Kitchen
		Ladder Lamp Letter Library Lighthouse Map Market Meadow Mill Mirror Orchard Passenger Piano Postman Quarry Railway
		River School Season Shepherd Sparrow Stranger Summer Table Tide Tower Translator Umbrella Valley Violin Voyage Weaver
		Window Workshop`
	places = `Aldermoor Bremsand Cindervale Dunmere Eastholm Farrow_Hill Greywater Hallowby Inverlee Juniper_Street Kestrel_Bay
		Larkfield Marrowby Nettlebridge Oxmarket Pellworth Quillon Ravenscar Saltmarsh Tarnbeck Underfell Vintry_Lane Westerhope`
	givens = `Ada Agnes Alva Amos Anton Beatriz Bram Carmen Cecil Clara Dara Dorian Edda Elias Esther Fabian Farah Felix Greta
		Hana Harold Ida Imre Ines Ivo Jana Joris Kaito Lena Leopold Lucia Magnus Maren Mateo Milena Nadia Noor Olga Oscar Pavel
		Petra Rafael Rosa Samuel Selma Sunil Tamsin Teodor Ulla Vera Viktor Wanda Yusuf Zora`
	families = `Abelard Achterberg Banerjee Bellweather Carrow Castellan Dahlgren Desmarais Eskelin Fairweather Fontaine Gallo
		Grimshaw Halloran Haverkamp Ibarra Jansson Kowalczyk Lindqvist Lovelock Marchetti Mirza Nakamura Novak Okafor Oyelaran
		Pemberton Petrov Quist Rasmussen Rowntree Sandoval Santangelo Tanaka Thistlewood Underhill Valdez Vasquez Wetherby
		Whitlock Yamada Zielinski`
	presses    = `Blackthorn Candlewick Copperplate Dovecote Fernhill Goosequill Hedgerow Inkwell Lanternlight Millpond Penstroke Quayside Saddleback Tidewater`
	categories = `Fiction Crime History Science Travel Cooking Poetry Biography Nature Children`
	subjects   = `love family sea war railways gardens music memory migration cities weather birds bread mountains letters`
	languages  = `en en en en fr de es pl sv`
)

// title returns a title and, for some books, a subtitle.
func title(r *rand.Rand) (string, string) {
	var t, sub string
	switch r.IntN(6) {
	case 0:
		t = "The " + pick(r, nouns) + " of " + pick(r, places)
	case 1:
		t = "A " + pick(r, adjectives) + " " + pick(r, nouns)
		if strings.ContainsRune("AEIOU", rune(t[2])) {
			t = "An" + t[1:]
		}
	case 2:
		t = pick(r, nouns) + " and " + pick(r, nouns)
	case 3:
		t = "The " + pick(r, adjectives) + " " + pick(r, nouns) + " of " + pick(r, places)
	default:
		t = "The " + pick(r, adjectives) + " " + pick(r, nouns)
	}
	if r.IntN(4) == 0 {
		sub = []string{"A Novel", "Stories", "Notes from " + pick(r, places), "An Account in Letters", "Essays"}[r.IntN(5)]
	}
	return t, sub
}

// isbn returns the ISBN-13 of book n, with its check digit (weights 1 and 3).
func isbn(n int64) string {
	body := fmt.Sprintf("978%09d", n)
	sum := 0
	for i, c := range body {
		digit := int(c - '0')
		if i%2 == 1 {
			digit *= 3
		}
		sum += digit
	}
	return fmt.Sprintf("%s%d", body, (10-sum%10)%10)
}
