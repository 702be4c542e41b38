/**
 * Loaded before a server's own code: kills the server, or its browser (KILL_VICTIM), at one step of a send. A step is a write to a database, a call into the
 * page, or the response. They are counted from the moment at which the file KILL_ARMED exists, and noted in it one a line; at the
 * step with the number KILL_AT (0: never) the victim ends as by `kill -9`, before the step is done. Linux.
 */
import { appendFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { Socket } from 'node:net'

const { KILL_ARMED: file = '', KILL_AT = '0', KILL_VICTIM = 'server' } = process.env
const at = Number(KILL_AT)
let steps = 0

/** @param {string} name */
function step(name) {
  if (!existsSync(file)) return
  steps += 1
  appendFileSync(file, `${name}\n`)
  if (steps !== at) return
  for (const pid of KILL_VICTIM === 'browser' ? children() : [process.pid]) process.kill(pid, 'SIGKILL')
}

/** The processes that this one started. */
function children() {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      // The name is in brackets, and may have some itself.
      const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
      return Number(parent) === process.pid ? [Number(pid)] : []
    } catch {
      return []
    }
  })
}

const Database = createRequire(process.argv[1] ?? '')('libsql')
const { prepare } = Database.prototype
/** @param {string} sql */
Database.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql)
  const table = /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM)\s+(\w+)/i.exec(sql)?.[1]
  if (table === undefined) return statement
  const { run } = statement
  /** @param {...unknown} values */
  statement.run = (...values) => {
    step(`write ${table}`)
    return run.apply(statement, values)
  }
  return statement
}

const { exec } = Database.prototype
/** @param {string} sql */
Database.prototype.exec = function (sql) {
  if (sql === 'COMMIT') step('commit')
  return exec.call(this, sql)
}

const { write } = Socket.prototype
/** @param {[chunk: unknown, ...others: unknown[]]} given */
Socket.prototype.write = function (...given) {
  const [chunk] = given
  const text = typeof chunk === 'string' ? chunk : ''
  if (text.includes('"method":"Runtime.callFunctionOn"')) step('call page')
  else if (text.startsWith('HTTP/1.1 ')) step('respond')
  return write.apply(this, /** @type {never} */ (given))
}
