/** A row called over REST: the request of its first route. */
import { type Row, requestAt } from '../src/operations/operation.ts'
import type { Call } from './harness.ts'

/** The request for this input: what the route names becomes its path, the rest its query or its body. */
export function requestOf(row: Pick<Row, 'routes' | 'fixed'>, input: unknown): Call {
  const [route = 'GET /'] = row.routes
  const [method = '', pattern = ''] = route.split(' ')
  const rest = requestAt(row, route, input)
  const path = pattern.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = encodeURIComponent(String(rest[key]))
    delete rest[key]
    return value
  })
  if (!['GET', 'DELETE'].includes(method)) return { method, path, body: rest }
  const query = Object.entries(rest).map(([key, value]): [string, string] => [key, String(value)])
  return { method, path: `${path}?${new URLSearchParams(query)}` }
}
