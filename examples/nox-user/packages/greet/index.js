console.log(require("@nox-user/hello")("you"));
