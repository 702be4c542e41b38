/** The status of an account whose files cannot be used. */
import type { AppError } from '../errors.ts'
import type { Status } from '../model/status.ts'

/**
 * Returns the status: stopped, with the error and its next step. `server`: the status of any account of this server, of
 * which only the facts of the server are taken.
 */
export function unusableStatus(error: AppError, server: Status): Status {
  const { auth_dir, chrome_executable, headless, since_at, control_problem } = server
  return {
    auth_dir,
    chrome_executable,
    headless,
    since_at,
    control_problem,
    state: 'stopped',
    ready: false,
    authenticated: false,
    has_qr: false,
    last_error: error.message,
    account: null,
    linked: false,
    connected: false,
    proven_at: null,
    reason: 'start_failed',
    next_step: error.hint,
    pairing: null,
    reconnect: null,
    whatsapp_web_version: null,
    restriction: null,
    memory: null,
    sync: null,
    archive: null,
  }
}
