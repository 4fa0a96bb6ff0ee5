package main

func (b *bench) render() error { return nil }
