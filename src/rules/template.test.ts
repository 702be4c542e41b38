/** Templates of replies. */
import { expect, it } from 'vitest'
import { fieldsIn, fill } from './template.ts'

const chat = { id: '15550001101@c.us', name: 'Amara' }
const message = { body: 'What is {{name}}?', sender_name: 'Amara O.' } as Parameters<
  typeof fill
>[1]['message']

it.each([
  ['Hello {{name}}!', 'Hello Amara O.!'],
  ['{{ chat }}: {{text}}', 'Amara: What is {{name}}?'],
  ['{name} {{}} $& $1', '{name}  $& $1'],
  ['Hi {{constructor}}', 'Hi '],
])('%s', (template, expected) => {
  expect(fill(template, { chat, message })).toBe(expected)
})

it('names its fields', () => {
  expect(fieldsIn('{{name}} {{ text }} {{x.y}}')).toEqual(['name', 'text', 'x.y'])
})
