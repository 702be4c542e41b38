/** Profile pictures of the account, its people and its groups: who may set them, and the host that has their files. */
import type { ServerResponse } from 'node:http'
import type { IqError, Requests } from '../wire.ts'
import type { Account } from './accounts.ts'
import { findPerson } from './addresses.ts'
import type { Context, Session } from './context.ts'
import { actInGroup } from './groups.ts'
import type { Random } from './random.ts'
import { tell } from './telling.ts'
import { adminsOf } from './wire-forms.ts'

/** Name of the host in pages. */
export const pictureHostName = 'pps.whatsapp.net'

/** `data`: a JPEG in base64. `hidden`: only other people see it. */
export type Picture = { tag: string; data: string; hidden?: boolean }

/** Devices send squares of 640 pixels, which are smaller. */
const largestBytes = 300_000

/** A JPEG of one pixel. */
const sample =
  '/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AVN//2Q=='

const refusal = (code: number, text: string): { error: IqError } => ({ error: { name: '', code, text } })
const forbidden = refusal(403, 'forbidden')

/** A picture that nobody has set. */
export const samplePicture = (random: Random): Picture => ({
  tag: String(1_000_000_000 + random.between(1, 899_999_999)),
  data: sample,
})

/** A phone number, or the id of a group; undefined: nobody that this account knows. */
function keyOf(account: Account, address: string): string | undefined {
  if (address.endsWith('@g.us')) return account.groups.has(address) ? address : undefined
  return findPerson(account, address)?.phone
}

/** 404: none, 401: hidden, 429: too often. A request by phone number for a person whose chat has a LID is never answered. */
export function queryPicture(
  context: Context,
  account: Account,
  { jid }: Requests['picture']['args'],
): Requests['picture']['answer'] | Promise<never> {
  if (context.faults.isOn('pictures_limited')) return refusal(429, 'rate-overlimit')
  const isOwn = findPerson(account, jid)?.phone === account.info.phone
  const isDeaf = jid.endsWith('@c.us') && !isOwn && findPerson(account, jid)?.lidChat === true
  if (isDeaf && !context.build.blocksByPhone) return new Promise(() => {})
  const key = keyOf(account, jid)
  const picture = key === undefined ? undefined : account.pictures.get(key)
  if (!picture) return refusal(404, 'item-not-found')
  if (picture.hidden) return refusal(401, 'not-authorized')
  return {
    tag: picture.tag,
    url: `https://${pictureHostName}/v/t61.24694-24/${picture.tag}_n.jpg?oh=01&oe=02`,
  }
}

/** Sets or removes it as a linked device asks, or refuses as the server does. */
export function changePicture(
  context: Context,
  account: Account,
  { jid, data }: Requests['set_picture']['args'],
  session: Session,
): Requests['set_picture']['answer'] {
  if (context.faults.isOn('pictures_limited')) return refusal(429, 'rate-overlimit')
  const group = account.groups.get(jid)
  const isOwn = findPerson(account, jid)?.phone === account.info.phone
  if (!group && !isOwn) return refusal(404, 'item-not-found')
  if (group?.left) return refusal(401, 'not-authorized')
  if (group?.restrict && !adminsOf(group).includes(account.info.phone)) return forbidden
  const bytes = data === null ? null : Buffer.from(data, 'base64')
  const isPicture = bytes === null || bytes.subarray(0, 3).toString('hex') === 'ffd8ff'
  if (!isPicture || (bytes?.length ?? 0) > largestBytes || isOblong(bytes))
    return refusal(406, 'not-acceptable')
  setPicture(context, account, { of: jid, by: account.info.phone, data }, session)
  return null
}

/** A person, or with `me` the owner on the phone, sets or removes a picture; a group's leaves a notice. */
export function setPicture(
  context: Context,
  account: Account,
  { of, by, data = sample, hidden }: { of: string; by?: string; data?: string | null; hidden?: boolean },
  session?: Session,
): void {
  const key = keyOf(account, of)
  if (key === undefined) throw new Error(`${of} is nobody on WhatsApp, and no group.`)
  const { tag } = samplePicture(context.random)
  if (data === null) account.pictures.delete(key)
  else account.pictures.set(key, { tag, data, ...(hidden ? { hidden } : {}) })
  // The page that did it changes its own model.
  tell(context, account, () => ({ push: 'picture', jid: jidOf(key) }), session)
  if (account.groups.has(key))
    actInGroup(context, account, {
      group: key,
      subtype: 'picture',
      by: by ?? account.info.phone,
      free: true,
      body: data === null ? '' : tag,
      change: () => ({}),
    })
  context.changed()
}

const jidOf = (key: string): string => (key.includes('@') ? key : `${key}@c.us`)

/** What people who may see it see. */
export function pictureOf(account: Account, of: string): Picture | null {
  const key = keyOf(account, of)
  return (key !== undefined && account.pictures.get(key)) || null
}

/** Answers a request of a page for a file. */
export function servePicture({ accounts, faults }: Context, url: string, response: ServerResponse): void {
  response.setHeader('access-control-allow-origin', 'https://web.whatsapp.com')
  const tag = /\/(\d+)_n\.jpg/.exec(url)?.[1]
  const found = accounts
    .all()
    .flatMap(({ pictures }) => pictures.values().filter((one) => one.tag === tag))[0]
  if (!found || faults.isOn('picture_host_down')) return void response.writeHead(found ? 503 : 403).end()
  response.setHeader('content-type', 'image/jpeg')
  response.end(Buffer.from(found.data, 'base64'))
}

/** True if the JPEG is not as high as it is wide (its frame header, ITU-T T.81, B.2.2). */
function isOblong(bytes: Buffer | null): boolean {
  if (bytes === null) return false
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1] ?? 0
    if (marker >= 0xc0 && marker <= 0xc2) return bytes.readUInt16BE(at + 5) !== bytes.readUInt16BE(at + 7)
  }
  return true
}
