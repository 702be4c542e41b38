/** Chats are found by their whole name, however people type it. */
import { expect, it } from 'vitest'
import { createMatcher, fold } from '../model/fold.ts'
import { findChat } from './find-chat.ts'

/** A server with these chats, in pages of 100. */
const serverOf = (...names: string[]) => {
  const chats = names.map((name, index) => ({ id: `${15550001101 + index}@c.us`, name }))
  const get = async (path: string) => {
    const asked = new URL(path, 'http://server').searchParams
    const matches = createMatcher(asked.get('query') ?? '')
    const from = Number(asked.get('cursor'))
    const found = chats.filter(({ name }) => matches(fold(name), ''))
    const more = found.length > from + 100 ? { next_cursor: String(from + 100) } : {}
    return { chats: found.slice(from, from + 100), ...more }
  }
  // Only what the lookup uses of it.
  return { get } as never
}

it.each([
  ['Sinéad O’Brien', "sinead o'brien"],
  ['D‘Angelo', "D'Angelo"],
  ['Лукʼян', "Лук'ян"],
  ['Jean–Luc', 'jean-luc'],
  ['„Max“ Mustermann', '"max" mustermann'],
  ['ＡＮＮＡ', 'anna'],
  ['A\u200bnna\u3164', 'anna'],
  ['Straße 12', 'STRASSE 12'],
  ['Łódź', 'lodz'],
  ['Book club 📚', 'book club!'],
  ['Smith, Anna', 'smith anna'],
])('%j is found by %j, and the other way round', async (name, typed) => {
  expect(await findChat(serverOf(name, 'Other'), typed)).toBe('15550001101@c.us')
  expect(await findChat(serverOf(typed, 'Other'), name)).toBe('15550001101@c.us')
})

it('a part of the name is not enough, and one of two chats of a name is not chosen', async () => {
  await expect(findChat(serverOf('Łódź trip'), 'lodz')).rejects.toThrow('No chat has the name "lodz".')
  await expect(findChat(serverOf('Łódź', 'Lodz'), 'lodz')).rejects.toThrow('Several chats have the name')
})

it('a chat on a later page is found, and one of two on different pages is not chosen', async () => {
  const others = Array.from({ length: 250 }, (_, index) => `Jim R. ${index}`)
  expect(await findChat(serverOf(...others, 'J. R.'), 'J. R.')).toBe('15550001351@c.us')
  await expect(findChat(serverOf('J. R.', ...others, 'J.R.'), 'J. R.')).rejects.toThrow(
    'Several chats have the name',
  )
})

it.each(['+1 (555) 000-1101', '120363000000000000@g.us'])('%s is an address', async (text) => {
  expect(await findChat(serverOf('Anna'), text)).toBe(text)
})

it.each(['🏆 12.7.2026 19:30', '🏠', '2026', 'Us @ home'])('%s is a name', async (name) => {
  expect(await findChat(serverOf('Anna', name), name)).toBe('15550001102@c.us')
})
