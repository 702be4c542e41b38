/** Loaded before a server's own code: SIGUSR2 collects its garbage, so that its heap is what it still uses. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
process.on('SIGUSR2', () => collect())
