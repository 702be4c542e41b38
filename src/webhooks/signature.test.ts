import { Webhook, WebhookVerificationError } from 'standardwebhooks'
import { expect, it } from 'vitest'
import { newSecret, readSecret, SECRET_PREFIX, signedHeaders } from './signature.ts'

const BODY = '{"text":"żółć 🎉"}'

it('is accepted by the verifier of Standard Webhooks, with either secret', () => {
  const secrets = [newSecret(), newSecret()]
  const headers = signedHeaders({ id: 'a-1-b', body: BODY, atMs: Date.now() }, secrets)
  for (const secret of secrets)
    expect(new Webhook(SECRET_PREFIX + secret).verify(BODY, headers)).toEqual(JSON.parse(BODY))
})

it('is refused by it if anything is changed, or old', () => {
  const secret = newSecret()
  const headers = signedHeaders({ id: 'a-1-b', body: BODY, atMs: Date.now() }, [secret])
  const old = signedHeaders({ id: 'a-1-b', body: BODY, atMs: Date.now() - 301_000 }, [secret])
  const verify = (body: string, given: Record<string, string>, by = secret) =>
    new Webhook(SECRET_PREFIX + by).verify(body, given)
  expect(() => verify(BODY.replace('t', 'T'), headers)).toThrow(WebhookVerificationError)
  expect(() => verify(BODY, { ...headers, 'webhook-id': 'a-2-b' })).toThrow(WebhookVerificationError)
  expect(() => verify(BODY, headers, newSecret())).toThrow(WebhookVerificationError)
  expect(() => verify(BODY, old)).toThrow('too old')
})

it('reads secrets of 24 to 64 bytes in whole Base64', () => {
  const of = (bytes: number) => SECRET_PREFIX + Buffer.alloc(bytes, 7).toString('base64')
  expect([24, 64].map((bytes) => readSecret(of(bytes)))).toEqual([24, 64].map((bytes) => of(bytes).slice(6)))
  const wrong = [of(23), of(65), of(32).slice(6), `${of(32)}!`, 'whsec_', '']
  expect(wrong.map(readSecret)).toEqual(wrong.map(() => null))
})
