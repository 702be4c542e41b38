/** Which paths are those of an account: as the routes of the table are. */
import { describe, expect, it } from 'vitest'
import { accountPath, inAccount } from '../src/model/account-paths.ts'
import { ROWS } from '../src/operations/index.ts'
import { routesOf } from '../src/operations/operation.ts'

const routes = ROWS.flatMap((row) => row.routes.map((route) => ({ route, row })))

describe('of another account', () => {
  it.each(routes.map(({ route, row }) => [route, row] as const))(
    '%s is a route that exists',
    (route, row) => {
      const [method, path = ''] = route.split(' ')
      const there = accountPath(path, '{account}')
      expect(
        routesOf(row)
          .filter((one) => one.method === method)
          .map((one) => one.path),
      ).toContain(there)
      expect(inAccount(`Then call ${route}.`, '{account}')).toBe(`Then call ${method} ${there}.`)
    },
  )
})
