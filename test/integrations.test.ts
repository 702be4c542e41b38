/** docs/integrations: what their files receive is a real delivery, and what they send is taken. Each is run as its program runs it. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runInNewContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { type Harness, openHarness } from './harness.ts'
import { openReceiver, type Received, type Receiver } from './webhook-receiver.ts'

const AMARA = '15550001101'
const page = (name: string) => readFileSync(join(import.meta.dirname, '../docs/integrations', name), 'utf8')

let harness: Harness
let receiver: Receiver
let secret: string
let ping: Received

beforeAll(async () => {
  receiver = await openReceiver()
  harness = await openHarness({ env: { WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: receiver.origin } })
  await harness.link()
  const body = { url: receiver.url, kinds: ['message.received'] }
  secret = (await harness.post('/api/webhooks', body)).json.secret
  await harness.world.write({ from: AMARA, text: 'ping' })
})
afterAll(async () => {
  await harness.close()
  await receiver.stop()
})

it('begins with a delivery', async () => {
  await expect.poll(() => receiver.requests.length).toBe(1)
  ping = receiver.requests[0] ?? expect.fail('nothing came')
})

type Sent = { url: string; headers: Record<string, string>; body: string }
/** Sends it to the server, whatever address it names, and expects the answer in the world. */
async function send({ url, headers, body }: Sent, text: string): Promise<void> {
  const { pathname } = new URL(url)
  const { status, json } = await harness.call({ method: 'POST', path: pathname, headers, raw: body })
  expect([status, json.code]).toEqual([200, undefined])
  const sent = harness.world.messages().filter(({ body: one, fromMe }) => fromMe && one === text)
  expect(sent.length).toBe(1)
}

describe('the flow of Node-RED', () => {
  type Node = { id: string; type: string; name: string; func?: string; wires: string[][] }
  const flow: Node[] = JSON.parse(page('node-red-flow.json'))
  const env: Record<string, string> = { WHATSAPP_URL: 'http://127.0.0.1:8790' }

  /** Runs a function node as Node-RED does: the text is the body of a function. */
  function run(name: string, msg: object): unknown {
    const node = flow.find((one) => one.type === 'function' && one.name === name) ?? expect.fail(name)
    const sandbox = {
      msg,
      env: { get: (key: string) => env[key] },
      crypto: { createHmac, timingSafeEqual },
      ...{ Buffer, Date, Math, JSON, Number, encodeURIComponent },
    }
    return runInNewContext(`(function () { ${node.func} })()`, sandbox)
  }
  const request = (body: string) => ({ req: { headers: ping.headers }, payload: Buffer.from(body) })

  it('takes a signed event, and refuses any other with 401', () => {
    env.WHATSAPP_WEBHOOK_SECRET = secret
    expect(run('verify the signature', request(ping.body))).toMatchObject([
      { payload: ping.event },
      { statusCode: 204 },
    ])
    const changed = ping.body.replace('ping', 'pong')
    expect(run('verify the signature', request(changed))).toMatchObject([null, { statusCode: 401 }])
    env.WHATSAPP_WEBHOOK_SECRET = ''
    expect(run('verify the signature', request(ping.body))).toMatchObject([null, { statusCode: 401 }])
  })

  it('answers ping, and nothing else, with a request that the server takes', async () => {
    const { url, headers, payload } = run('answer "ping"', { payload: ping.event }) as Sent & {
      payload: object
    }
    await send({ url, headers, body: JSON.stringify(payload) }, 'pong')
    const other = { ...ping.event, message: { ...ping.event.message, body: 'pingpong' } }
    expect(run('answer "ping"', { payload: other })).toBeNull()
  })

  it('connects only nodes that it has, and receives the body as bytes', () => {
    const ids = new Set(flow.map(({ id }) => id))
    expect(flow.flatMap(({ wires = [] }) => wires.flat()).filter((id) => !ids.has(id))).toEqual([])
    expect(flow.find(({ type }) => type === 'http in')).toMatchObject({
      method: 'post',
      skipBodyParsing: true,
    })
  })
})

describe('the workflow of n8n', () => {
  type Node = { name: string; type: string; parameters: Record<string, unknown> }
  const { nodes, connections }: { nodes: Node[]; connections: Record<string, unknown> } = JSON.parse(
    page('n8n-workflow.json'),
  )
  const parametersOf = (name: string) =>
    nodes.find((one) => one.name === name)?.parameters ?? expect.fail(name)

  /** A value that begins with `=` is a text with expressions in braces. */
  const evaluate = (text: unknown): string =>
    String(text)
      .replace(/^=/, '')
      .replace(/\{\{(.*?)\}\}(?!\})/g, (_, code: string) =>
        String(runInNewContext(code, { $json: { body: ping.event }, encodeURIComponent, JSON })),
      )

  it('answers ping with a request that the server takes', async () => {
    const { url, jsonBody, headerParameters } = parametersOf('Answer')
    const { parameters } = headerParameters as { parameters: { name: string; value: string }[] }
    const headers = Object.fromEntries(
      parameters.map(({ name, value }) => [name.toLowerCase(), evaluate(value)]),
    )
    const body = evaluate(jsonBody).replace('pong', 'pong of n8n')
    await send(
      { url: evaluate(url), headers: { ...headers, 'content-type': 'application/json' }, body },
      'pong of n8n',
    )
    expect(headers['idempotency-key']).toBe(`n8n-${ping.id}`)
  })

  it('verifies a signature with a secret that is text, as its node Crypto reads one', async () => {
    const text = randomBytes(16).toString('hex')
    const chosen = `whsec_${Buffer.from(text).toString('base64')}`
    const body = { url: receiver.url, kinds: ['account.restricted'], secret: chosen }
    const { id } = (await harness.post('/api/webhooks', body)).json
    await harness.post(`/api/webhooks/${id}/test`)
    const { headers, body: raw } = receiver.requests.at(-1) ?? expect.fail('nothing came')
    const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${raw}`
    const computed = createHmac('SHA256', text).update(signed).digest('base64')
    expect(headers['webhook-signature']).toBe(`v1,${computed}`)
  })

  it('compares what an event has, and connects nodes that it has', () => {
    const { conditions } = parametersOf('Is it ping?').conditions as {
      conditions: { leftValue: string; rightValue: string }[]
    }
    for (const { leftValue, rightValue } of conditions) expect(evaluate(leftValue)).toBe(rightValue)
    const names = nodes.map(({ name }) => name)
    expect(Object.keys(connections).filter((name) => !names.includes(name))).toEqual([])
  })
})

describe('Home Assistant', () => {
  const examples = [...page('home-assistant.md').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text = '']) =>
      parseAllDocuments(text, { customTags: [{ tag: '!secret', resolve: (name: string) => name }] }).map(
        (one) => {
          expect(one.errors).toEqual([])
          return one.toJS()
        },
      )[0],
  )
  const find = (key: string) => examples.find((one) => key in one)?.[key] ?? expect.fail(key)

  it('notifies as its notifier for REST does', async () => {
    const [{ resource, method, message_param_name, target_param_name }] = find('notify')
    const { message, target } = find('data')
    expect(method).toBe('POST_JSON')
    const body = JSON.stringify({ [message_param_name]: message, [target_param_name]: target })
    harness.world.addContact({ phone: target, name: null })
    await send({ url: resource, headers: { 'content-type': 'application/json' }, body }, message)
  })

  it('sends to a chat, and looks at fields that an event has', async () => {
    const { url, payload } = find('rest_command').whatsapp_chat
    const body = payload.replace(/^\{\{ (.*) \| to_json \}\}$/, '$1').replaceAll("'", '"')
    const filled = body.replace(/: message\}/, ': "to the chat"}')
    await send(
      {
        url: url.replace('{{ chat | urlencode }}', AMARA),
        headers: { 'content-type': 'application/json' },
        body: filled,
      },
      'to the chat',
    )
    const [{ conditions }] = find('automation')
    const paths = [...conditions[0].value_template.matchAll(/trigger\.json\.([\w.]+)/g)].map(
      ([, path]) => path,
    )
    const at = (path: string) =>
      path.split('.').reduce((value, key) => Object(value)[key], ping.event as unknown)
    expect(paths.map((path) => typeof at(path))).toEqual(['string', 'string', 'string'])
  })
})
