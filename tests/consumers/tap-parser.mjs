// tap-parser.mjs MODULE - what node-tap's parser, at its strictest, makes of the stream on stdin, in one line
const { Parser } = await import(process.argv[2]);
const nested = [];
const parser = new Parser({ strict: true }, (r) => {
	const count = (x) => x ?? 0;
	console.log(
		(r.ok ? 'ok' : 'not ok') +
			` count=${count(r.count)} fail=${count(r.fail)} skip=${count(r.skip)} planned=${r.plan.end}` +
			(r.bailout ? ' bailed' : '') +
			nested.map((text) => ` ${text}`).join(''),
	);
});
// Each subtest: its name, its points, how many of them failed.
parser.on('child', (child) =>
	child.on('complete', (r) => nested.push(`${child.name}=${r.count}/${r.fail ?? 0}`)),
);
parser.on('extra', (text) => console.log(`not TAP: ${JSON.stringify(text)}`));
process.stdin.pipe(parser);
