/** Profile pictures: over HTTP and MCP, the real library, the double's phones and host of pictures as witnesses. */
import { crc32, deflateSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Answer, type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
/** Their chat is addressed by LID, and the server does not answer for their number. */
const MING = '15550001103'
const NOBODY = '15559990001'
const jid = (phone: string) => `${phone}@c.us`
const picture = (of: string) => `/api/contacts/${of}/picture`
const OWN = '/api/profile/picture'
const JPEG = /^\/9j\//

/** A picture of one grey: a PNG of this size. */
function png(width: number, height: number): string {
  const part = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data])
    const frame = Buffer.alloc(8)
    frame.writeUInt32BE(data.length, 0)
    frame.writeUInt32BE(crc32(body), 4)
    return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)])
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(width, 0)
  head.writeUInt32BE(height, 4)
  head[8] = 8
  const rows = Buffer.alloc((width + 1) * height, 0)
  const parts = [part('IHDR', head), part('IDAT', deflateSync(rows)), part('IEND', Buffer.alloc(0))]
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...parts]).toString('base64')
}

let harness: Harness
let group = ''
const code = ({ status, json }: Answer) => [status, json?.code]
const set = (path: string, media: unknown): Promise<Answer> =>
  harness.call({ method: 'PUT', path, body: { media } })
const remove = (path: string): Promise<Answer> => harness.call({ method: 'DELETE', path })
const shown = (of: string) => harness.world.pictureOf({ of })
const events = async (kind: string) =>
  (await harness.get(`/api/events?after=0&kind=${kind}&limit=100`)).json.events

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openHarness({ build, env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
    for (const of of [AMARA, MING, 'me']) harness.world.setPicture({ of })
    await harness.link()
    await vi.waitFor(() => expect(harness.app.archive.staleSince()).toBeNull(), { timeout: 60_000 })
    const own = await harness.post('/api/groups', { name: 'Hikers', members: [AMARA] })
    group = own.json.group_id ?? harness.world.state().groups[1]?.id
  })
  afterAll(() => harness.close())

  it.each([
    ['a person', () => [picture(AMARA), AMARA]],
    ['a person by LID whose number is not answered for', () => [picture(MING), MING]],
    ['this account', () => [OWN, 'me']],
  ])('returns the picture of %s, with its version', async (_, which) => {
    const [path = '', of = ''] = which()
    const first = await harness.get(path)
    expect(first.status, first.text).toBe(200)
    expect(first.headers['content-type']).toBe('image/jpeg')
    expect(Number(first.headers['content-length'])).toBe(Buffer.from(shown(of) ?? '', 'base64').length)
    const etag = String(first.headers.etag)
    const again = await harness.call({ path, headers: { 'if-none-match': etag } })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it('asks WhatsApp once within the hour, and keeps the file', async () => {
    await harness.get(picture(AMARA))
    await harness.world.setFault({ name: 'pictures_limited', value: true })
    expect((await harness.get(picture(AMARA))).status).toBe(200)
    await harness.world.setFault({ name: 'pictures_limited', value: false })
  })

  it('does not take a refusal for no picture', async () => {
    const phone = '15550001105'
    await harness.world.setFault({ name: 'pictures_limited', value: true })
    expect(code(await harness.get(picture(phone)))).toEqual([502, 'whatsapp_error'])
    await harness.world.setFault({ name: 'pictures_limited', value: false })
    harness.world.setPicture({ of: phone })
    expect((await harness.get(picture(phone))).status).toBe(200)
  })

  it('says that there is none: no picture, a hidden one, nobody', async () => {
    expect(code(await harness.get(picture('15550001102')))).toEqual([404, 'picture_not_found'])
    harness.world.setPicture({ of: '15550001104', hidden: true })
    expect(code(await harness.get(picture('15550001104')))).toEqual([404, 'picture_not_found'])
    expect(code(await harness.get(picture(NOBODY)))).toEqual([404, 'picture_not_found'])
  })

  it('reports a new picture of a person, and returns it', async () => {
    await harness.get(picture(AMARA))
    // Pictures of others may be reported late.
    const told = async () =>
      (await events('contact.changed')).filter(
        ({ data }: { data: { contact: { id: string } | null } }) => data.contact?.id === jid(AMARA),
      )
    const before = (await told()).length
    const data = harness.world.pictureOf({ of: AMARA })
    harness.world.setPicture({
      of: AMARA,
      data: Buffer.concat([Buffer.from(data ?? '', 'base64'), Buffer.from('1')]).toString('base64'),
    })
    await expect.poll(async () => (await told()).length).toBe(before + 1)
    const [last] = (await told()).slice(-1)
    expect(last).toMatchObject({ data: { picture: true, contact: { id: jid(AMARA) } } })
    expect((await harness.get(picture(AMARA))).headers['content-length']).toBe(
      String(Buffer.from(shown(AMARA) ?? '', 'base64').length),
    )
    harness.world.setPicture({ of: AMARA, data: null })
    await expect.poll(async () => (await told()).length).toBe(before + 2)
    expect(code(await harness.get(picture(AMARA)))).toEqual([404, 'picture_not_found'])
  })

  it('sets its own picture as a square, and removes it', async () => {
    const old = shown('me')
    const first = await set(OWN, { data: png(300, 200) })
    expect(first.json, first.text).toEqual({ ok: true, picture: true })
    expect(shown('me')).toMatch(JPEG)
    expect(shown('me')).not.toBe(old)
    const own = await harness.get(OWN)
    expect(own.headers['content-length']).toBe(String(Buffer.from(shown('me') ?? '', 'base64').length))
    await expect
      .poll(async () => (await events('contact.changed')).at(-1))
      .toMatchObject({ data: { picture: true, contact: null } })
    expect((await remove(OWN)).json).toEqual({ ok: true, picture: false })
    expect(shown('me')).toBeNull()
    expect(code(await harness.get(OWN))).toEqual([404, 'picture_not_found'])
    expect((await remove(OWN)).json).toEqual({ ok: true, picture: false })
  })

  it('sets the picture of a group, with its event and notice', async () => {
    const path = `/api/groups/${group}/picture`
    expect((await set(path, { data: png(200, 400) })).json).toEqual({
      ok: true,
      group_id: group,
      picture: true,
    })
    expect(shown(group)).toMatch(JPEG)
    await expect
      .poll(async () => (await events('group.changed')).at(-1))
      .toMatchObject({ chat: { id: group }, data: { changed: ['picture'], from_me: true } })
    expect((await harness.get(path)).status).toBe(200)
    harness.world.setPicture({ of: group, by: AMARA, data: null })
    await expect
      .poll(async () => (await events('group.changed')).at(-1))
      .toMatchObject({ data: { changed: ['picture'], from_me: false } })
    await expect.poll(async () => code(await harness.get(path))).toEqual([404, 'picture_not_found'])
  })

  it('says who may not', async () => {
    const locked = harness.world.addGroup({ subject: 'Locked', members: [AMARA] })
    await harness.world.setGroup({ group: locked.id, restrict: true })
    await expect.poll(async () => (await harness.get(`/api/groups/${locked.id}`)).status).toBe(200)
    const path = `/api/groups/${locked.id}/picture`
    expect(code(await set(path, { data: png(200, 200) }))).toEqual([422, 'not_admin'])
    await harness.world.removeMembers({ group: locked.id, members: ['me'] })
    await expect.poll(async () => code(await set(path, { data: png(200, 200) }))).toEqual([422, 'not_member'])
    expect(shown(locked.id)).toBeNull()
  })

  it.each([
    ['no picture', { data: Buffer.from('%PDF-1.4 no picture at all').toString('base64') }],
    ['a broken one', { data: Buffer.from(png(200, 200), 'base64').fill(7, 20).toString('base64') }],
    ['a small one', { data: png(191, 400) }],
    ['a huge one', { data: png(20_000, 6_000) }],
    ['nothing', undefined, [400, 'invalid_input']],
  ])('refuses %s, and changes nothing', async (_, media, answer = [422, 'media_refused']) => {
    expect(code(await set(OWN, media))).toEqual(answer)
    expect(shown('me')).toBeNull()
  })

  it('is a body of bytes too, as curl -T sends it, on these routes alone', async () => {
    const path = `/api/groups/${group}/picture`
    const put = async (to: string, type: string, bytes = Buffer.from(png(200, 200), 'base64')) => {
      const response = await fetch(`${harness.url}${to}`, {
        method: 'PUT',
        headers: { 'content-type': type },
        body: new Uint8Array(bytes),
      })
      const { ok, code } = (await response.json()) as { ok?: true; code?: string }
      return [response.status, ok ?? code]
    }
    expect(await put(path, 'image/png')).toEqual([200, true])
    expect(shown(group)).toMatch(JPEG)
    expect(await put(path, 'image/jpeg', Buffer.from('not a picture'))).toEqual([422, 'media_refused'])
    expect(await put(path, 'application/pdf')).toEqual([415, 'unsupported_media_type'])
    expect(await put('/api/profile/presence', 'image/png')).toEqual([415, 'unsupported_media_type'])
    expect((await remove(path)).json.picture).toBe(false)
  })

  it('is the picture of a form too, and of a tool', async () => {
    const form = new FormData()
    form.append('file', new Blob([Buffer.from(png(200, 200), 'base64')], { type: 'image/png' }), 'me.png')
    const answer = await fetch(`${harness.url}${OWN}`, { method: 'PUT', body: form })
    expect(await answer.json()).toEqual({ ok: true, picture: true })
    const client = await harness.mcp('current')
    const seen = await client.callTool({ name: 'whatsapp_get_picture', arguments: { id: 'me' } })
    expect(seen.content).toContainEqual({ type: 'image', mimeType: 'image/jpeg', data: shown('me') })
    const gone = await client.callTool({
      name: 'whatsapp_set_profile_picture',
      arguments: { remove: true },
    })
    expect(gone.isError, JSON.stringify(gone)).toBeFalsy()
    expect(shown('me')).toBeNull()
  })

  it('says so if WhatsApp refuses, or the host of pictures fails', async () => {
    await harness.world.setFault({ name: 'pictures_limited', value: true })
    expect(code(await set(OWN, { data: png(200, 200) }))).toEqual([422, 'change_refused'])
    await harness.world.setFault({ name: 'pictures_limited', value: false })
    await harness.world.setFault({ name: 'picture_host_down', value: true })
    harness.world.setPicture({ of: '15550001106' })
    expect(code(await harness.get(picture('15550001106')))).toEqual([502, 'whatsapp_error'])
    await harness.world.setFault({ name: 'picture_host_down', value: false })
  })

  it('returns the last one without a connection', async () => {
    await harness.get(picture(MING))
    await harness.app.session.stop()
    expect((await harness.get(picture(MING))).status).toBe(200)
    expect(code(await harness.get(picture('15550001109')))).toEqual([503, 'not_connected'])
  })
})
