/** Chats are found by their whole name, however people type it. */
import { expect, it } from 'vitest'
import { createMatcher, fold } from '../model/fold.ts'
import { findChat } from './find-chat.ts'

/** A server with these chats. */
const serverOf = (...names: string[]) => {
  const chats = names.map((name, index) => ({ id: `${15550001101 + index}@c.us`, name }))
  const get = async (path: string) => {
    const matches = createMatcher(new URL(path, 'http://server').searchParams.get('query') ?? '')
    return { chats: chats.filter(({ name }) => matches(fold(name), '')) }
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
