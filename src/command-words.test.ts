/** How a command line of the settings is read. */
import { expect, it } from 'vitest'
import { wordsOf } from './command-words.ts'

it.each([
  ['secret-tool lookup service x', ['secret-tool', 'lookup', 'service', 'x']],
  [`  a  'b c'  "d e" `, ['a', 'b c', 'd e']],
  [`a"b c"'d'e`, ['ab cde']],
  ['a $HOME `b` ; c | d > e \\', ['a', '$HOME', '`b`', ';', 'c', '|', 'd', '>', 'e', '\\']],
  [`a '' "it's"`, ['a', '', "it's"]],
  ['', []],
  [`a 'b`, null],
  ['a "', null],
])('the words of %j', (line, words) => {
  expect(wordsOf(line)).toEqual(words)
})
