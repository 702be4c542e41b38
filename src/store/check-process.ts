/** A process that checks a file for background-check.ts, through a connection of its own that cannot write. */

import type { CheckReply, CheckRequest } from './background-check.ts'
import { check } from './check.ts'
import { identity } from './open-file.ts'
import { connect } from './sqlite.ts'

process.once('message', ({ file, key, reason, identity: expected }: CheckRequest) => {
  // Opening would create a file that is missing.
  if (identity(file) !== expected) process.exit(1)
  const db = connect(file, key)
  db.exec('PRAGMA query_only = ON; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY')
  process.send?.(check(db, reason) satisfies CheckReply, () => process.exit(0))
})
process.once('disconnect', () => process.exit(1))
