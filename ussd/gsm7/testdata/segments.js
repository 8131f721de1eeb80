// Reads a JSON array of texts and writes, for each, its alphabet and the texts of its parts, as the npm package
// sms-segments-calculator sees them.
const { SegmentedMessage } = require('sms-segments-calculator');
const texts = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(texts.map((text) => {
  const message = new SegmentedMessage(text);
  const parts = [];
  for (const segment of message.segments) {
    let part = '';
    for (const char of segment) part += char.raw || '';
    parts.push(part);
  }
  return { alphabet: message.getEncodingName().toLowerCase(), parts };
})));
