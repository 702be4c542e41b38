/** The style sheet of /qr and /qr/code. One string, because the content security policy contains its hash. */
import { QR_SIZE_PX } from '../../qr-drawing.ts'

export const QR_STYLE = `
:root { color-scheme: light dark; --ink: #111b21; --soft: #54656f; --line: #d1d7db; --back: #f0f2f5; --card: #fff; --accent: #008069; --on-accent: #fff; --good: #008069; --busy: #8a5a00; --bad: #b3261e }
@media (prefers-color-scheme: dark) { :root { --ink: #e9edef; --soft: #aebac1; --line: #2a3942; --back: #0b141a; --card: #111b21; --accent: #00a884; --on-accent: #0b141a; --good: #00a884; --busy: #e0a93e; --bad: #ff8a80 } }
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; padding: 1rem }
main { background: var(--card); border: 1px solid var(--line); border-radius: 16px; padding: 2rem; width: 100%; max-width: 28rem; text-align: center }
h1 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 .25rem; overflow-wrap: anywhere }
p { margin: .5rem 0; color: var(--soft); overflow-wrap: anywhere }
img { display: block; margin: 1.25rem auto; width: 100%; max-width: ${QR_SIZE_PX}px; height: auto; background: #fff; border-radius: 8px }
ol, ul { text-align: left; color: var(--soft); padding-left: 1.25rem; margin: 1rem 0 }
li { margin: .35rem 0; overflow-wrap: anywhere }
a { color: var(--accent) }
code { font-size: .9em; color: var(--ink) }
form { margin: 1.25rem 0 .5rem }
label { display: block; text-align: left; color: var(--soft); margin-bottom: .35rem }
input, button { font: inherit; width: 100%; min-height: 3rem; border-radius: 10px; padding: .5rem 1rem }
input { color: var(--ink); background: transparent; border: 1px solid var(--soft); margin-bottom: .75rem }
button { border: 0; background: var(--accent); color: var(--on-accent); font-weight: 600; cursor: pointer }
:is(input, button, a):focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
.code { font: 600 clamp(1.75rem, 10vw, 2.5rem)/1.2 ui-monospace, monospace; letter-spacing: .08em; white-space: nowrap; color: var(--ink); margin: 1.25rem 0 }
.problem { border: 1px solid var(--bad); border-radius: 10px; color: var(--bad); padding: .6rem .9rem; text-align: left }
.state { display: inline-block; margin-top: 1rem; padding: .15rem .75rem; border: 1px solid currentColor; border-radius: 999px; font-size: .875rem; color: var(--soft) }
.good { color: var(--good) }
.busy { color: var(--busy) }
.bad { color: var(--bad) }
`
