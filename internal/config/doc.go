// Package config finds the value of every setting of the command.
//
// A setting is a flag. What the command line does not set is looked for, in
// this order, in the environment, in a .env file in the working directory and
// in the config file; what none of them sets keeps its default. The variable
// of a flag is its name in capitals behind GONDOLA_ ([Variable]); the key in the
// config file is the flag's name. Variables of q2google are understood where
// the GONDOLA_ one is not set. The process environment is read, never changed.
//
// Secrets have variables, and files named by variables, but no flags.
package config
