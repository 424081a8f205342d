# Golden values for competing risks, categorical and paired data and logistic models, on data sets
# that come with R, its recommended packages and vcd. Run in this folder: Rscript make_golden_models.R
# Writes mgus2.csv and birthwt.csv (the data as analysed), golden_models.csv (one value a row,
# 15 significant digits, empty = NA) and golden_models.sessionInfo.txt.
library(survival)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
out <- new.env(); out$rows <- list()
add <- function(case, statistic, value, group = "", variable = "", level = "") {
  value <- as.numeric(value)
  text <- ifelse(is.na(value), "", sprintf("%.15g", value))
  out$rows[[length(out$rows) + 1]] <- data.frame(case = case, group = group, variable = variable,
                                                 level = as.character(level), statistic = statistic, value = text)
}
test <- function(case, name, stat, df, level = "") {
  add(case, paste0(name, "_chi2"), stat, level = level); add(case, paste0(name, "_df"), df, level = level)
  add(case, paste0(name, "_p"), pchisq(as.numeric(stat), as.numeric(df), lower.tail = FALSE), level = level)
}

# ---- competing risks: plasma-cell malignancy (1) and death without it (2) in survival::mgus2 -------
m <- survival::mgus2[!is.na(survival::mgus2$mspike), ]
m$time <- ifelse(m$pstat == 1, m$ptime, m$futime)
m$cause <- ifelse(m$pstat == 1, 1, 2 * m$death)
m$year <- ceiling(m$time / 12)  # heavy ties
m$spike <- cut(m$mspike, c(-Inf, 0.8, 1.5, Inf), c("low", "middle", "high"))
m$sex <- as.character(m$sex)
write.csv(m[c("time", "year", "cause", "sex", "age", "mspike", "spike")], "mgus2.csv", row.names = FALSE, quote = FALSE)
incidence <- function(case, time, cause, group, times) {
  fit <- cmprsk::cuminc(time, cause, group); at <- cmprsk::timepoints(fit, times)
  for (name in rownames(at$est)) for (i in seq_along(times)) {
    add(case, "incidence", at$est[name, i], variable = name, level = times[i])
    add(case, "gray_variance", at$var[name, i], variable = name, level = times[i])
  }
  for (k in rownames(fit$Tests)) test(case, "gray", fit$Tests[k, "stat"], fit$Tests[k, "df"], level = k)
  for (g in sort(unique(as.character(group)))) for (type in c("log-log", "log", "plain")) {
    rows <- group == g
    f <- survfit(Surv(time[rows], factor(cause[rows], 0:2)) ~ 1, conf.type = type)
    s <- summary(f, times = times, extend = TRUE)
    for (k in 1:2) for (i in seq_along(times)) {
      v <- paste(g, k)
      add(case, "error", s$std.err[i, k + 1], type, v, times[i]); add(case, "conf_low", s$lower[i, k + 1], type, v, times[i])
      add(case, "conf_high", s$upper[i, k + 1], type, v, times[i])
    }
  }
}
incidence("cr.spike", m$time, m$cause, m$spike, c(12, 60, 120, 240))
incidence("cr.year", m$year, m$cause, m$sex, c(1, 5, 10, 20))
strata <- cmprsk::cuminc(m$time, m$cause, m$spike, strata = m$sex)$Tests
for (k in rownames(strata)) test("cr.strata", "gray", strata[k, "stat"], strata[k, "df"], level = k)
none <- m; none$cause[none$sex == "F" & none$cause == 1] <- 2  # nobody of a group has the event
t0 <- cmprsk::cuminc(none$time, none$cause, none$sex)$Tests
for (k in rownames(t0)) test("cr.no_events", "gray", t0[k, "stat"], t0[k, "df"], level = k)
fg <- function(case, time, of) {
  X <- model.matrix(~ age + sex + spike, m)[, -1]
  f <- cmprsk::crr(time, m$cause, X, failcode = of, gtol = 1e-12, maxiter = 100)
  se <- sqrt(diag(f$var)); z <- qnorm(.975)
  for (j in seq_along(f$coef)) {
    v <- c("age", "sex M", "spike middle", "spike high")[j]
    add(case, "ratio", exp(f$coef[j]), variable = v); add(case, "conf_low", exp(f$coef[j] - z * se[j]), variable = v)
    add(case, "conf_high", exp(f$coef[j] + z * se[j]), variable = v); add(case, "p", 2 * pnorm(-abs(f$coef[j] / se[j])), variable = v)
  }
  add(case, "loglik", f$loglik); add(case, "loglik_null", f$loglik.null)
}
fg("fg.month.1", m$time, 1); fg("fg.month.2", m$time, 2); fg("fg.year.1", m$year, 1)

# ---- paired ---------------------------------------------------------------------------------------
paired <- list(sexual_fun = unclass(vcd::SexualFun), ms = unclass(vcd::MSPatients[, , 1]),
               approval = matrix(c(794, 86, 150, 570), 2), small = rbind(c(5, 1), c(8, 9)), agreed = diag(c(4, 5, 6)),
               moved = rbind(c(10, 3, 0), c(2, 8, 1), c(0, 4, 6)))
for (name in names(paired)) {
  a <- paired[[name]]; k <- nrow(a)
  if (k == 2) {
    test("paired", "mcnemar", mcnemar.test(a)$statistic, 1, name); test("paired", "mcnemar_raw", mcnemar.test(a, correct = FALSE)$statistic, 1, name)
    add("paired", "mcnemar_exact", binom.test(a[1, 2], a[1, 2] + a[2, 1])$p.value, level = name)
  } else {
    b <- mcnemar.test(a); if (!is.na(b$statistic)) test("paired", "bowker", b$statistic, b$parameter, name)
    d <- (rowSums(a) - colSums(a))[-k]; V <- -(a + t(a)); diag(V) <- rowSums(a) + colSums(a) - 2 * diag(a); V <- V[-k, -k]
    if (any(d != 0)) test("paired", "stuart_maxwell", d %*% solve(V) %*% d, k - 1, name)
  }
  linear <- vcd::Kappa(a, weights = "Equal-Spacing"); quadratic <- vcd::Kappa(a, weights = "Fleiss-Cohen"); z <- qnorm(.975)
  for (w in c("unweighted", "linear", "quadratic")) {
    o <- switch(w, unweighted = linear$Unweighted, linear = linear$Weighted, quadratic = quadratic$Weighted)
    add("paired", "kappa", o["value"], w, level = name)
    add("paired", "kappa_low", o["value"] - z * o["ASE"], w, level = name); add("paired", "kappa_high", o["value"] + z * o["ASE"], w, level = name)
  }
}

# ---- proportions, trend, strata, rates, multiplicity ----------------------------------------------
for (q in list(c(39, 98), c(0, 15), c(15, 15), c(1, 20), c(7, 7), c(50, 1000))) {
  l <- paste(q, collapse = "/"); x <- q[1]; n <- q[2]; z <- qnorm(.975)
  w <- prop.test(x, n, correct = FALSE)$conf.int; cc <- suppressWarnings(prop.test(x, n))$conf.int
  p <- (x + z^2 / 2) / (n + z^2); ac <- p + c(-1, 1) * z * sqrt(p * (1 - p) / (n + z^2))
  j <- qbeta(c(.025, .975), x + .5, n - x + .5); if (x == 0) j[1] <- 0; if (x == n) j[2] <- 1
  for (i in 1:2) {
    s <- c("conf_low", "conf_high")[i]
    add("interval", s, w[i], "wilson", level = l); add("interval", s, cc[i], "wilson-cc", level = l)
    add("interval", s, min(1, max(0, ac[i])), "agresti-coull", level = l); add("interval", s, j[i], "jeffreys", level = l)
  }
}
trends <- list(smokers = list(c(83, 90, 129, 70), c(86, 93, 136, 82), 1:4), small = list(c(1, 3, 6), c(12, 11, 10), 1:3),
               scored = list(c(2, 5, 9), c(20, 22, 19), c(0, 1, 5)), none_then_all = list(c(0, 4, 9), c(9, 9, 9), 1:3))
for (name in names(trends)) { a <- trends[[name]]; test("trend", "trend", prop.trend.test(a[[1]], a[[2]], a[[3]])$statistic, 1, name) }
tables <- list(ucb = aperm(unclass(UCBAdmissions), c(2, 1, 3)), small = array(c(3, 5, 6, 2, 1, 4, 7, 3), c(2, 2, 2)))
for (name in names(tables)) {
  a <- tables[[name]]; t1 <- mantelhaen.test(a); t0 <- mantelhaen.test(a, correct = FALSE)
  test("strata", "cmh", t0$statistic, 1, name); test("strata", "cmh_corrected", t1$statistic, 1, name)
  add("strata", "odds_ratio", t0$estimate, level = name); add("strata", "conf_low", t0$conf.int[1], level = name); add("strata", "conf_high", t0$conf.int[2], level = name)
  add("strata", "exact_p", mantelhaen.test(a, exact = TRUE)$p.value, level = name)
}
for (q in list(c(64, 7945), c(0, 35.5), c(4, 41.25))) {
  r <- poisson.test(q[1], q[2]); l <- paste(q, collapse = "/")
  add("rate", "rate", r$estimate, level = l); add("rate", "conf_low", r$conf.int[1], level = l); add("rate", "conf_high", r$conf.int[2], level = l)
}
rr <- list(c(64, 64, 7945, 8718), c(0, 4, 35.5, 41.25), c(4, 0, 35.5, 41.25))
for (q in rr) {
  r <- poisson.test(q[1:2], q[3:4]); l <- paste(q, collapse = "/")
  add("rate_ratio", "ratio", r$estimate, level = l); add("rate_ratio", "conf_low", r$conf.int[1], level = l)
  add("rate_ratio", "conf_high", r$conf.int[2], level = l); add("rate_ratio", "p", r$p.value, level = l)
}
p <- c(.0004, .003, .012, NA, .03, .049, .2, .2, .74)
for (w in c("holm", "hochberg", "hommel", "bonferroni", "BH", "BY")) for (i in seq_along(p)) add("adjust", "p", p.adjust(p, w)[i], w, level = i)

# ---- logistic: low birth weight in MASS::birthwt ----------------------------------------------------
b <- MASS::birthwt
b$race <- factor(b$race, 1:3, c("white", "black", "other")); b$smoke <- factor(b$smoke, 0:1, c("no", "yes")); b$ht <- factor(b$ht, 0:1, c("no", "yes"))
b$early <- factor(ifelse(b$ptl > 0, "yes", "no"), c("no", "yes"))
write.csv(b[c("low", "age", "lwt", "race", "smoke", "ht", "early")], "birthwt.csv", row.names = FALSE, quote = FALSE)
profile_root <- function(X, y, j, b, se, value) {  # exact limits: the spline of confint() is good to 1e-3
  h <- function(v) 2 * (value(b) - value(b, j, v)) - qchisq(.95, 1)
  side <- function(s) { k <- 1; while (h(b[j] + s * k * se[j]) < 0) k <- k * 1.5; uniroot(h, sort(c(b[j], b[j] + s * k * se[j])), tol = 1e-12)$root }
  c(side(-1), side(1))
}
logit <- function(case, formula, data) {
  f <- glm(formula, binomial, data, control = glm.control(1e-14, 200)); s <- summary(f)$coefficients
  X <- model.matrix(f); y <- f$y
  value <- function(b, j = NULL, v = NULL) if (is.null(j)) as.numeric(logLik(f)) else
    -suppressWarnings(glm.fit(X[, -j, drop = FALSE], y, offset = X[, j] * v, family = binomial(), control = glm.control(1e-14, 200))$deviance) / 2
  for (j in seq_along(coef(f))[-1]) {
    v <- names(coef(f))[j]; ci <- profile_root(X, y, j, unname(coef(f)), s[, 2], value)
    add(case, "ratio", exp(coef(f)[j]), variable = v); add(case, "conf_low", exp(ci[1]), variable = v); add(case, "conf_high", exp(ci[2]), variable = v)
    add(case, "error", s[j, 2], variable = v); add(case, "p_wald", s[j, 4], variable = v)
    add(case, "p", pchisq(2 * (value(NULL) - value(NULL, j, 0)), 1, lower.tail = FALSE), variable = v)
  }
  d <- drop1(f, test = "LRT"); for (v in rownames(d)[-1]) add(case, "p_variable", d[v, "Pr(>Chi)"], variable = v)
  add(case, "loglik", logLik(f)); add(case, "n", nobs(f))
}
logit("logit.birthwt", low ~ age + lwt + race + smoke + ht, b)
logit("logit.smoke", low ~ smoke, b)
# Firth's penalty, by brglm2 for the coefficients and by the penalised likelihood itself for the rest
firth <- function(case, formula, data) {
  f <- glm(formula, binomial, data, method = brglm2::brglmFit, type = "AS_mean", epsilon = 1e-13, maxit = 2000)
  X <- model.matrix(f); y <- f$y; se <- summary(f)$coefficients[, 2]; k <- ncol(X)
  pen <- function(b) { e <- as.vector(X %*% b); W <- plogis(e) * plogis(-e); sum(ifelse(y == 1, plogis(e, log.p = TRUE), plogis(-e, log.p = TRUE))) + determinant(crossprod(X * sqrt(W)))$modulus / 2 }
  value <- function(b, j = NULL, v = NULL) {
    if (is.null(j)) return(as.numeric(pen(coef(f))))
    fn <- function(u) { w <- numeric(k); w[j] <- v; w[-j] <- u; -as.numeric(pen(w)) }
    o <- optim(coef(f)[-j], fn, method = "BFGS", control = list(reltol = 1e-15, maxit = 2000, parscale = pmax(se[-j], 1e-3)))
    -o$value
  }
  for (j in seq_len(k)[-1]) {
    v <- names(coef(f))[j]; ci <- profile_root(X, y, j, unname(coef(f)), se, value)
    add(case, "ratio", exp(coef(f)[j]), variable = v); add(case, "error", se[j], variable = v)
    add(case, "conf_low", exp(ci[1]), variable = v); add(case, "conf_high", exp(ci[2]), variable = v)
    add(case, "p", pchisq(2 * (value(NULL) - value(NULL, j, 0)), 1, lower.tail = FALSE), variable = v)
  }
  add(case, "loglik", value(NULL))
}
teen <- b[b$age < 18 & b$early == "no" | b$age < 20 & b$low == 1 & b$early == "yes", ]  # everybody with an early birth before has the event
firth("firth.teen", low ~ early + smoke, teen)
firth("firth.birthwt", low ~ smoke + ht, b)

write.csv(do.call(rbind, out$rows), "golden_models.csv", row.names = FALSE, quote = FALSE)
info <- capture.output({ loadNamespace("cmprsk"); loadNamespace("vcd"); loadNamespace("brglm2"); loadNamespace("MASS"); sessionInfo() })
writeLines(info[!grepl("^(BLAS|LAPACK|<environment)", info)], "golden_models.sessionInfo.txt")
