/** Linking over MCP: the QR code in the answer, what is told while it runs, and notices of the session. */
import type { Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, type McpLane, openHarness } from './harness.ts'

const PHONE = '15550001000'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

type Told = { progress: number; message?: string }

async function call(client: Client, name: string, given: Record<string, unknown> = {}) {
  const told: Told[] = []
  const answer = await client.callTool(
    { name, arguments: given },
    { onprogress: (one) => void told.push(one) },
  )
  return {
    answer,
    told,
    content: answer.content as { type: string; text: string; data: string; mimeType: string }[],
  }
}

describe.each<McpLane>(['legacy', 'current', 'plain'])('linking (%s)', (lane) => {
  it('shows the QR code as image, text and URL, and sends progress', async () => {
    const client = await harness.mcp(lane)
    const statuses: string[] = []
    if (lane === 'current') await client.listen({ resourceSubscriptions: ['whatsapp://status'] })
    if (lane === 'legacy') await client.subscribeResource({ uri: 'whatsapp://status' })
    client.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void statuses.push(params.uri),
    )

    const { answer, told, content } = await call(client, 'whatsapp_start_auth')
    expect(answer.structuredContent).toMatchObject({ state: 'qr', has_qr: true })
    expect(content.map(({ type }) => type)).toEqual(['text', 'image', 'text', 'text'])
    const [json, image, drawing, line] = content
    expect(JSON.parse(json?.text ?? '')).toEqual(answer.structuredContent)
    const page = (await harness.get('/qr')).text
    expect(image?.mimeType).toBe('image/png')
    expect(page).toContain(`data:image/png;base64,${image?.data}"`)
    const text = await harness.call({ path: '/qr', headers: { accept: 'text/plain' } })
    expect(`${drawing?.text}\n`).toBe(text.text)
    const status = await harness.status()
    expect(line?.text).toContain(`until ${status.pairing?.expires_at}`)
    expect(line?.text).toContain(`${harness.url}/qr`)

    const qr = harness.app.session.qr() ?? 'none'
    expect(JSON.stringify([answer.structuredContent, told, line, json])).not.toContain(qr)
    const logged = JSON.stringify(harness.log)
    for (const secret of [qr, image?.data ?? '', drawing?.text.slice(0, 40) ?? ''])
      expect(logged).not.toContain(secret)
    expect((await call(client, 'whatsapp_status')).content.map(({ type }) => type)).toEqual(['text'])

    const carries = lane !== 'plain'
    expect(told.map(({ progress }) => progress)).toEqual(carries ? [1, 2] : [])
    if (carries) {
      expect(told[0]?.message).toMatch(/^starting\. Wait/)
      expect(told[1]?.message).toMatch(/^qr\. On the phone/)
    }

    await harness.world.scan()
    await harness.until('ready')
    if (carries) await expect.poll(() => statuses).toContain('whatsapp://status')
    expect((await call(client, 'whatsapp_start_auth')).content.map(({ type }) => type)).toEqual(['text'])
    await call(client, 'whatsapp_logout')

    const pairing = await call(client, 'whatsapp_pairing_code', { phone_number: PHONE })
    expect(pairing.answer.isError).toBeFalsy()
    if (carries) expect(pairing.told[0]?.message).toMatch(/^starting\./)
    await call(client, 'whatsapp_logout')
  })
})
