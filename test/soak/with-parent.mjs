/**
 * Loaded before a server's own code: the server ends with the process that started it, however that came to its end.
 * Its end closes our standard input.
 */
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM')).resume()
process.stdin.unref?.()
