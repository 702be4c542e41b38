import { it } from 'vitest'
import { openTestArchive, NOW } from './test-archive.ts'
import { firstIn } from './position.ts'
import { verify } from './verify.ts'
import { verifySearch } from './verify-search.ts'
it('perf', () => {
  const a = openTestArchive()
  a.store.db.exec('PRAGMA synchronous=OFF')
  const p = a.person({ phone: '15551111111@c.us' })
  const c = a.chat('direct', { person: p })
  const g = a.chat('group', { jid: '1203@g.us' })
  let seed = 1
  const rnd = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) / 0x7fffffff
  const word = () => 'w' + Math.floor(Math.exp(rnd() * 11)).toString(36)
  const N = 200_000
  for (let b = 0; b < N; b += 2000) a.store.transaction(() => { for (let i = 0; i < 2000; i++) a.message(i % 2 ? c : g, { from: p, position: firstIn(NOW - N + b + i), body: Array.from({ length: 12 }, word).join(' ') }) })
  for (const f of [verifySearch, verify]) { const s = performance.now(); console.log(f.name, f(a.store.db), (performance.now() - s).toFixed(0) + 'ms') }
  a.close()
}, 300000)
