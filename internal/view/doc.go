// Package view is how results are shown. Each verb returns one value of this
// package; its JSON form is what --json prints, its Text method what a person
// reads, and the local web pages are made from the same value, so that the
// three can never tell different stories. Progress on long work is here too:
// a bar with rate and ETA on a terminal, plain lines otherwise.
//
// The package computes nothing and knows no command line.
package view
