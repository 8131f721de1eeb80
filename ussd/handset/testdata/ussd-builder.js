// An application on npm's ussd-builder, which was not written here. It serves its menu at /PROVIDER on a free port of this
// machine, prints the port, and ends with its standard input.
'use strict';
const http = require('http');
const querystring = require('querystring');
const UssdMenu = require('ussd-builder');

const sessions = {};

function menuOf(provider) {
  const menu = new UssdMenu({ provider });
  menu.sessionConfig({
    start: (id, done) => { sessions[id] = sessions[id] || {}; done(); },
    end: (id, done) => { delete sessions[id]; done(); },
    set: (id, key, value, done) => { sessions[id][key] = value; done(); },
    get: (id, key, done) => done(null, sessions[id][key]),
  });
  // Version 1.3.2 answers Beem with a session id from a name that it never fills.
  const show = (text) => { menu.args.session_id = menu.args.sessionId; menu.con(text); };
  menu.startState({ run: () => show('Welcome ' + menu.args.phoneNumber + '\n1. Send'), next: { 1: 'send' } });
  menu.state('send', { run: () => show('To whom?'), next: { '*\\d+': 'sent' } });
  menu.state('sent', { run: () => menu.end('Sent to "' + menu.val + '"') });
  return menu;
}

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const form = request.headers['content-type'].startsWith('application/x-www-form-urlencoded');
    const args = form ? querystring.parse(body) : JSON.parse(body);
    menuOf(request.url.slice(1)).run(args, (result) => {
      if (typeof result === 'string') {
        response.setHeader('Content-Type', 'text/plain');
        response.end(result);
        return;
      }
      response.setHeader('Content-Type', 'application/json');
      response.end(JSON.stringify(result));
    });
  });
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.stdin.on('end', () => process.exit(0)).resume();
